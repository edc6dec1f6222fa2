/**
 * Decrypts pieces that are in hand and whose key is held, a few at a time, and checks what comes out (docs/protocol.md §7).
 * @module
 */
import type { SealedTorrent } from '../../torrents/info.ts'
import type { PieceOpener } from '../../torrents/piece-opener.ts'
import type { RecordBook } from '../../torrents/records.ts'
import { hasCode } from '../core/errors.ts'
import { leafOf } from '../core/geometry.ts'
import type { Goods } from './opening.ts'
import type { Shelf } from './shelf.ts'

/** Pieces decrypted at once: reading one overlaps hashing another; more would only hold memory. */
const AT_ONCE = 4

/** Plaintext kept between the check of a key and the opening of its pieces, in bytes; more is decrypted again. */
const KEPT_BYTES: number = 32 * 2 ** 20

/** What unsealing works on. */
export interface UnsealingPorts {
  readonly torrent: SealedTorrent
  readonly book: RecordBook
  readonly shelf: Shelf
  readonly goods: Goods
  readonly opener: PieceOpener
  /** Gets each plaintext once, in the order asked. */
  readonly onPlain: (piece: number, plaintext: Uint8Array) => Promise<void>
  /** A piece misses its commitment (`BAD_KEY`), or something of ours failed. */
  readonly onError: (err: unknown) => void
}

/** A queue of pieces to open. Asking for one twice opens it once. */
export class Unsealing {
  readonly #ports: UnsealingPorts
  readonly #queue = new Set<number>()
  readonly #busy = new Set<number>()
  /** Given out without a check, because no record is known (a free piece, no peers). */
  readonly #unchecked = new Set<number>()
  /** Missed their commitment: told once, never given out. */
  readonly #bad = new Set<number>()
  /** Checked already, not given out yet. */
  readonly #kept = new Map<number, Uint8Array>()
  #keptBytes = 0
  #isClosed = false

  constructor(ports: UnsealingPorts) {
    this.#ports = ports
  }

  /** Opens a piece if that can be done now and was not done before. */
  add(piece: number): void {
    const { shelf, goods } = this.#ports
    if (shelf.isOpened(piece) || this.#busy.has(piece) || this.#isClosed) return
    if (this.#bad.has(piece) || !shelf.isKeyed(piece) || !goods.has(piece)) return
    if (this.#unchecked.has(piece) && !this.#record(piece)) return
    this.#queue.add(piece)
    this.#next()
  }

  /** Checking a key has decrypted a piece, and it met its commitment. */
  readonly keep = (piece: number, plaintext: Uint8Array): void => {
    if (this.#isClosed || this.#ports.shelf.isOpened(piece)) return
    if (this.#keptBytes + plaintext.length > KEPT_BYTES || this.#kept.has(piece)) return
    this.#kept.set(piece, plaintext)
    this.#keptBytes += plaintext.length
  }

  /** A purchase has ended: what its check brought to light is dropped, unless the key is held now. */
  settle(piece: number): void {
    if (!this.#ports.shelf.isKeyed(piece)) this.#take(piece)
    else this.add(piece)
  }

  /** Opens nothing more. */
  close(): void {
    this.#isClosed = true
    this.#queue.clear()
    this.#kept.clear()
  }

  #take(piece: number): Uint8Array | undefined {
    const kept = this.#kept.get(piece)
    this.#kept.delete(piece)
    this.#keptBytes -= kept?.length ?? 0
    return kept
  }

  #record(piece: number): { readonly pt: Uint8Array } | undefined {
    const { torrent, book } = this.#ports
    return book.get(leafOf(torrent.pieces, piece))
  }

  #next(): void {
    while (this.#busy.size < AT_ONCE) {
      const [piece] = this.#queue
      if (piece === undefined) return
      this.#queue.delete(piece)
      this.#busy.add(piece)
      void this.#unseal(piece)
        .catch((err: unknown) => {
          if (hasCode(err, 'BAD_KEY')) this.#bad.add(piece)
          if (!this.#isClosed) this.#ports.onError(err)
        })
        .finally(() => {
          this.#busy.delete(piece)
          this.#next()
        })
    }
  }

  async #unseal(piece: number): Promise<void> {
    const { torrent, shelf, goods, opener, onPlain } = this.#ports
    const key = shelf.leafKey(piece)
    if (!key) return
    const kept = this.#take(piece)
    if (kept) return this.#give(piece, kept)
    const span = leafOf(torrent.pieces, piece)
    const record = this.#record(piece)
    const plaintext = await opener.open(record?.pt, { span, key }, await goods.read(piece))
    if (this.#isClosed || shelf.isOpened(piece)) return
    if (!record) {
      // The key was checked against kc, the bytes against the info dict: what is missing is only the
      // publisher's own word on the plaintext. Playing on beats waiting; it is checked when a row comes.
      this.#unchecked.add(piece)
      return onPlain(piece, plaintext)
    }
    await this.#give(piece, plaintext)
  }

  /** What was checked goes out, unless it went out before. */
  async #give(piece: number, plaintext: Uint8Array): Promise<void> {
    this.#ports.shelf.markOpened(piece)
    if (!this.#unchecked.delete(piece)) await this.#ports.onPlain(piece, plaintext)
  }
}
