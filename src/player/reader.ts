/**
 * A range of a file as plaintext chunks: asks for pieces within the pace, a window ahead of the reader.
 * @module
 */
import type { Clock } from '../core/clock.ts'
import type { Pace } from '../core/pace.ts'
import type { PieceSource } from '../core/source.ts'

/** Longest chunk handed out, in bytes: what one write to a socket takes. */
const CHUNK_BYTES = 64 * 1024

/** Plaintext that waits ahead of one reader, at most, in bytes and in pieces; never under three pieces. */
const WINDOW_BYTES: number = 32 * 1024 * 1024
const WINDOW_PIECES = 256
const LEAST_PIECES = 3

/** What a reader works with. */
export interface ReaderTools {
  readonly source: PieceSource
  readonly pace: Pace
  readonly clock: Clock
}

/** Bytes of a file, both ends included, as in HTTP. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Reads a range in order. Nothing more is asked for while the consumer does not take what it was given.
 * @param signal - ends the reading and every ask at once
 * @throws whatever the source's `piece` rejects with; the signal's reason when aborted
 */
export async function* readRange(
  tools: ReaderTools,
  range: ByteRange,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const window = new Window(tools, range, signal)
  try {
    for (let piece = window.first; piece <= window.last; piece++) {
      const bytes = await window.piece(piece)
      for (const chunk of chunksOf(tools.source, range, piece, bytes)) {
        signal.throwIfAborted()
        yield chunk
        window.fill(piece)
      }
    }
  } finally {
    window.close()
  }
}

/** The pieces that were asked for and not read yet. */
class Window {
  readonly first: number
  readonly last: number
  readonly #tools: ReaderTools
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #asked = new Map<number, Promise<Uint8Array>>()
  /** The next piece to ask for. */
  #next: number

  constructor(tools: ReaderTools, { start, end }: ByteRange, signal: AbortSignal) {
    const { fileOffset, pieceBytes } = tools.source
    this.first = Math.floor((fileOffset + start) / pieceBytes)
    this.last = Math.floor((fileOffset + end) / pieceBytes)
    this.#next = this.first
    this.#tools = tools
    this.#signal = AbortSignal.any([signal, this.#stop.signal])
    tools.pace.begin(this.first, tools.clock.nowMs())
  }

  /** Ends all asks. */
  close(): void {
    this.#stop.abort()
  }

  /** The bytes of a piece, and meanwhile as many asks behind it as the pace allows. */
  async piece(index: number): Promise<Uint8Array> {
    for (let isHurried = false; ; ) {
      this.#signal.throwIfAborted()
      this.fill(index)
      const asked = this.#asked.get(index)
      if (asked && !isHurried) {
        isHurried = true
        if (!this.#tools.source.has(index)) this.#tools.source.hurry(index)
      }
      const bytes = await this.#firstOf(asked, this.#refillMs(index))
      if (bytes === undefined) continue
      this.#asked.delete(index)
      return bytes
    }
  }

  /** Asks for pieces from where it stopped, until the window or the pace ends. */
  fill(reading: number): void {
    const { source, pace, clock } = this.#tools
    const end = this.#endOf(reading)
    for (; this.#next < end; this.#next++) {
      if (source.has(this.#next)) pace.pass(this.#next)
      else if (!pace.take(this.#next, clock.nowMs())) return
      const asked = source.piece(this.#next, this.#signal)
      // Awaited when its turn comes; until then its failure must not count as unhandled.
      asked.catch(() => undefined)
      this.#asked.set(this.#next, asked)
    }
  }

  /** First piece that is not in the window any more. */
  #endOf(reading: number): number {
    const { source, pace } = this.#tools
    const held = Math.max(LEAST_PIECES, Math.floor(WINDOW_BYTES / source.pieceBytes))
    const pieces = Math.min(pace.windowPieces(), held, WINDOW_PIECES)
    return Math.min(this.last + 1, reading + pieces)
  }

  /** When another piece may be asked for; undefined when the window is full. */
  #refillMs(reading: number): number | undefined {
    if (this.#next >= this.#endOf(reading)) return undefined
    // Not zero: a rounding error in the bucket must not become a busy loop.
    return Math.max(1, this.#tools.pace.waitMs(this.#tools.clock.nowMs()))
  }

  /** The piece, or undefined after `delayMs`; rejects when the signal aborts, whichever is first. */
  #firstOf(
    asked: Promise<Uint8Array> | undefined,
    delayMs: number | undefined,
  ): Promise<Uint8Array | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>()
    const aborted = (): void => reject(this.#signal.reason)
    this.#signal.addEventListener('abort', aborted)
    const cancel =
      delayMs === undefined ? undefined : this.#tools.clock.after(delayMs, () => resolve(undefined))
    asked?.then(resolve, reject)
    return promise.finally(() => {
      cancel?.()
      this.#signal.removeEventListener('abort', aborted)
    })
  }
}

/** What of one piece lies in the range, in chunks. */
function* chunksOf(
  { fileOffset, pieceBytes }: PieceSource,
  { start, end }: ByteRange,
  piece: number,
  bytes: Uint8Array,
): Generator<Uint8Array, void, undefined> {
  const at = piece * pieceBytes - fileOffset
  const from = Math.max(0, start - at)
  const until = Math.min(pieceBytes, end + 1 - at)
  if (bytes.length < until) throw new RangeError(`piece ${piece} has ${bytes.length} bytes`)
  for (let offset = from; offset < until; offset += CHUNK_BYTES)
    yield bytes.subarray(offset, Math.min(until, offset + CHUNK_BYTES))
}
