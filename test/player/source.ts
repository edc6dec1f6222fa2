/**
 * A file in memory as a {@link PieceSource}, and a clock that is set by hand.
 * @module
 */
import type { Clock } from '../../src/core/clock.ts'
import type { PieceSource } from '../../src/core/source.ts'

/** Real time, for tests over sockets. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Time that moves only when it is told to. */
export class HandClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly run: () => void }[] = []

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Moves to the next timer, at most by `mostMs`, and runs what is due. */
  step(mostMs: number): void {
    const next = Math.min(...this.#timers.map(({ atMs }) => atMs), this.#nowMs + mostMs)
    this.#nowMs = Math.max(this.#nowMs, next)
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs)
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs)
    for (const { run } of due) run()
  }

  /** Timers that were not taken back. */
  get pending(): number {
    return this.#timers.length
  }
}

/** Bytes that differ from place to place and repeat with no period of a piece. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = 12345
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    bytes[i] = state >>> 16
  }
  return bytes
}

/** One file of a torrent whose other files are zeros. */
export class MemorySource implements PieceSource {
  readonly name: string
  readonly fileBytes: number
  readonly fileOffset: number
  readonly pieceBytes: number
  /** Pieces asked for that were not in hand, in order. */
  readonly asked: number[] = []
  /** Pieces that a reader came to before they did. */
  readonly hurried: number[] = []
  /** Of those asked for, the ones whose signal aborted before they came. */
  readonly aborted: Set<number> = new Set()
  readonly held: Set<number> = new Set()
  /** Lets a piece come; at once by default. */
  arrive: (piece: number) => Promise<void> = async () => {}
  readonly #file: Uint8Array

  constructor(file: Uint8Array, pieceBytes: number, fileOffset = 0, name = 'film.mp4') {
    this.#file = file
    this.name = name
    this.fileBytes = file.length
    this.fileOffset = fileOffset
    this.pieceBytes = pieceBytes
  }

  hurry(index: number): void {
    if (!this.asked.includes(index)) throw new Error(`${index} was not asked for`)
    this.hurried.push(index)
  }

  has(index: number): boolean {
    return this.held.has(index)
  }

  async piece(index: number, signal: AbortSignal): Promise<Uint8Array> {
    if (!this.has(index)) await this.#buy(index, signal)
    const bytes = new Uint8Array(this.pieceBytes)
    const at = index * this.pieceBytes - this.fileOffset
    bytes.set(this.#file.subarray(Math.max(0, at), at + this.pieceBytes), Math.max(0, -at))
    const length = Math.min(this.pieceBytes, this.fileBytes - at)
    return bytes.subarray(0, length)
  }

  async #buy(index: number, signal: AbortSignal): Promise<void> {
    this.asked.push(index)
    const gone = Promise.withResolvers<never>()
    const abort = () => {
      this.aborted.add(index)
      gone.reject(signal.reason)
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    try {
      await Promise.race([this.arrive(index), gone.promise])
      this.held.add(index)
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}
