/**
 * Opens pieces: decrypts and checks them in a thread beside the one that downloads and pays.
 * @module
 */
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type ErrorDetail, LntError } from '../src/core/errors.ts'
import type { SpanKey } from './keys.ts'
import { openPiece, unsealPiece } from './open.ts'

/** Decrypts pieces and checks what comes out. */
export interface PieceOpener {
  /**
   * Plaintext of a piece. The ciphertext stays the caller's.
   * @param pt - the plaintext commitment that it must meet, 32 bytes; undefined where none is known
   * @throws {@link LntError} `BAD_KEY`
   */
  open(pt: Uint8Array | undefined, leaf: SpanKey, ciphertext: Uint8Array): Promise<Uint8Array>
  /** Ends the thread; what is asked from then on is done here. Safe to repeat. */
  close(): Promise<void>
}

/** One piece for the thread. */
export interface OpenJob {
  readonly id: number
  readonly pt: Uint8Array | undefined
  readonly leaf: SpanKey
  readonly ciphertext: Uint8Array
}

/** What the thread answers. */
export type OpenAnswer =
  | { readonly id: number; readonly plaintext: Uint8Array }
  | { readonly id: number; readonly detail: ErrorDetail }

/** Shorter pieces are opened here: handing one over costs some 50 µs. */
const WORTH_BYTES = 64 * 1024

/** Opens in this thread. */
export const OPEN_HERE: PieceOpener = {
  open: async (pt, leaf, ciphertext) => openNow(pt, leaf, ciphertext),
  close: async () => {},
}

/** Cores from which on a thread pays: on two, downloading and whoever serves us keep both busy. */
const WORTH_CORES = 3

/**
 * Opens in a thread of its own, which starts with the first piece that is worth it; here where cores are few.
 * @param cores - of this machine
 */
export function pieceOpener(cores: number = availableParallelism()): PieceOpener {
  return cores < WORTH_CORES ? OPEN_HERE : new Thread()
}

/** Decrypts, and checks where there is something to check against. @throws {@link LntError} `BAD_KEY` */
export function openNow(
  pt: Uint8Array | undefined,
  leaf: SpanKey,
  ciphertext: Uint8Array,
): Uint8Array {
  return pt ? openPiece(pt, leaf, ciphertext) : unsealPiece(leaf.key, ciphertext)
}

class Thread implements PieceOpener {
  readonly #waiting = new Map<number, PromiseWithResolvers<Uint8Array>>()
  #worker: Worker | undefined
  #nextId = 0
  #isClosed = false

  open(pt: Uint8Array | undefined, leaf: SpanKey, ciphertext: Uint8Array): Promise<Uint8Array> {
    if (this.#isClosed || ciphertext.length < WORTH_BYTES)
      return OPEN_HERE.open(pt, leaf, ciphertext)
    const id = this.#nextId++
    const waiting = Promise.withResolvers<Uint8Array>()
    this.#waiting.set(id, waiting)
    this.#worker ??= this.#start()
    // A copy moves over without being copied again; the original may be in use elsewhere.
    const copy = new Uint8Array(ciphertext)
    const job: OpenJob = { id, pt: pt && new Uint8Array(pt), leaf, ciphertext: copy }
    this.#worker.postMessage(job, [copy.buffer])
    return waiting.promise
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#worker?.terminate()
    this.#fail(new Error('closed'))
  }

  #start(): Worker {
    const url = new URL(`./open-worker${extname(import.meta.url)}`, import.meta.url)
    const worker = new Worker(url)
    worker.unref()
    worker.on('message', (answer: OpenAnswer) => {
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ('plaintext' in answer) waiting?.resolve(answer.plaintext)
      else waiting?.reject(new LntError(answer.detail))
    })
    worker.on('error', (err) => {
      // The thread is dead: the next piece starts another.
      this.#worker = undefined
      this.#fail(err)
    })
    return worker
  }

  #fail(err: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(err)
    this.#waiting.clear()
  }
}
