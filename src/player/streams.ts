/**
 * What players do with the server right now, for progress and for knowing that nobody watches.
 * @module
 */
import type { Pace } from '../core/pace.ts'
import type { PieceSource } from '../core/source.ts'

/** Most pieces looked at to count what is ready ahead of the player. */
const LOOK_PIECES = 4096

/** What the players are doing. */
export interface Activity {
  /** Bytes of the file handed to players since the start. */
  readonly servedBytes: number
  /** Answers being sent. None means: nobody plays, nothing is asked for. */
  readonly openStreams: number
  /** Where in the file the stream that moved last is, in bytes. */
  readonly positionBytes: number
  /** Plaintext in hand ahead of that position, in seconds of playing, by the average bitrate. */
  readonly bufferSeconds: number
}

/** One answer being sent. */
export interface Stream {
  /** Byte of the file at which it began. */
  readonly start: number
  /** Byte of the file that was served last. */
  readonly at: number
  served(bytes: number): void
  close(): void
}

/** Counts streams. */
export class Streams {
  readonly #source: PieceSource
  readonly #pace: Pace
  #servedBytes = 0
  #open = 0
  #position = 0

  constructor(source: PieceSource, pace: Pace) {
    this.#source = source
    this.#pace = pace
  }

  /** A stream begins at a byte of the file. */
  open(start: number): Stream {
    let next = start
    this.#open += 1
    this.#position = start
    return {
      start,
      get at() {
        return Math.max(start, next - 1)
      },
      served: (bytes) => {
        next += bytes
        this.#servedBytes += bytes
        this.#position = next
      },
      close: () => {
        this.#open -= 1
      },
    }
  }

  activity(): Activity {
    return {
      servedBytes: this.#servedBytes,
      openStreams: this.#open,
      positionBytes: this.#position,
      bufferSeconds: this.#readyBytes() / this.#pace.bytesPerSecond,
    }
  }

  /** Bytes in hand from the position on without a gap. */
  #readyBytes(): number {
    const { fileOffset, fileBytes, pieceBytes } = this.#source
    const at = fileOffset + this.#position
    const end = fileOffset + fileBytes
    const first = Math.floor(at / pieceBytes)
    let piece = first
    while (piece < first + LOOK_PIECES && piece * pieceBytes < end && this.#source.has(piece))
      piece += 1
    return piece === first ? 0 : Math.min(end, piece * pieceBytes) - at
  }
}
