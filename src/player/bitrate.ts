/**
 * The average bitrate of the file that is played, learnt from its own header once that is in hand.
 * @module
 */
import type { Clock } from '../core/clock.ts'
import { bytesPerSecondOf, type Pace } from '../core/pace.ts'
import type { PieceSource } from '../core/source.ts'
import { durationSeconds } from './duration.ts'
import type { Stream } from './streams.ts'

/** After how many pieces of a stream the header is looked for: a film's index may be long, or at its end. */
const LOOKS: readonly number[] = [0, 1, 3, 7]

/** Looks at one file, at most. */
const MAX_LOOKS = 32

/** Knows the bitrate, or the default until it is learnt. */
export class Bitrate {
  readonly #source: PieceSource
  /** Pieces at which it looked. */
  readonly #looked = new Set<number>()
  #isKnown: boolean
  #bytesPerSecond: number

  /** @param known - the bitrate, where the owner knows it: then nothing is tried */
  constructor(source: PieceSource, known: number | undefined) {
    this.#source = source
    this.#bytesPerSecond = known ?? bytesPerSecondOf(source.fileBytes, undefined)
    this.#isKnown = known !== undefined
  }

  /** Average bitrate in bytes per second. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond
  }

  /** Looks again when a stream has come some pieces on, and tells the pace what it found. */
  async teach(pace: Pace, { start, at }: Stream, clock: Clock): Promise<void> {
    const piece = this.#pieceOf(at)
    const isDue = LOOKS.includes(piece - this.#pieceOf(start)) && !this.#looked.has(piece)
    if (this.#isKnown || !isDue || this.#looked.size >= MAX_LOOKS) return
    this.#looked.add(piece)
    const seconds = await durationSeconds(this.#source)
    if (seconds === undefined) return
    this.#isKnown = true
    this.#bytesPerSecond = bytesPerSecondOf(this.#source.fileBytes, seconds)
    pace.learn(this.#bytesPerSecond, clock.nowMs())
  }

  #pieceOf(at: number): number {
    return Math.floor((this.#source.fileOffset + at) / this.#source.pieceBytes)
  }
}
