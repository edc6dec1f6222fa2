/**
 * How fast a player may make us buy: it drains megabytes into buffers that nobody has watched yet
 * (a player that reads nothing still takes 4 MB from us). Pure; the clock is passed in.
 * @module
 */
import { Bucket } from './bucket.ts'

/** Pieces bought at once, at the start and after a seek. */
export const AT_ONCE_PIECES = 3

/** How much faster than it plays a file is bought: enough to fill the buffer ahead, and to catch up. */
export const SPEED = 2

/** How far ahead of what the player has taken pieces are bought, seconds of playing. */
export const AHEAD_SECONDS = 30

/** Bitrate of a file whose duration is not known: 16 Mbit/s, a good 1080p film. In bytes per second. */
export const DEFAULT_BYTES_PER_SECOND = 2_000_000

/** Slowest and fastest bitrate believed: the duration in a file is its publisher's word. */
const BYTES_PER_SECOND = { min: 8_000, max: 25_000_000 }

/** Positions that a player reads from in turn: sound, pictures, subtitles and the index at the end. */
const RUNS = 4

/** A run of pieces read in order: `from` until before `next` may be bought. */
interface Run {
  readonly from: number
  next: number
}

/** Average bitrate in bytes per second, as far as it is believed; the default without a duration. */
export function bytesPerSecondOf(fileBytes: number, durationSeconds: number | undefined): number {
  if (durationSeconds === undefined || !(durationSeconds > 0)) return DEFAULT_BYTES_PER_SECOND
  const { min, max } = BYTES_PER_SECOND
  return Math.min(max, Math.max(min, fileBytes / durationSeconds))
}

/** The allowance of one file that is played, over all its connections. */
export class Pace {
  readonly #pieceBytes: number
  /** The runs read lately, the latest first. */
  #runs: readonly Run[] = []
  #bytesPerSecond: number
  #bucket: Bucket

  constructor(pieceBytes: number, bytesPerSecond: number, nowMs: number) {
    this.#pieceBytes = pieceBytes
    this.#bytesPerSecond = bytesPerSecond
    this.#bucket = this.#fullBucket(nowMs)
  }

  /** Average bitrate that it reckons with, in bytes per second. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond
  }

  /** Reckons with another bitrate from now on. */
  learn(bytesPerSecond: number, nowMs: number): void {
    this.#bytesPerSecond = bytesPerSecond
    const level = this.#bucket.level(nowMs)
    this.#bucket = new Bucket(this.#fullBucket(nowMs).rate, nowMs, level)
  }

  /** How many pieces, the one that is being read included, may be asked for at most. */
  windowPieces(): number {
    const ahead = Math.floor((AHEAD_SECONDS * this.#bytesPerSecond) / this.#pieceBytes)
    return Math.max(AT_ONCE_PIECES, ahead)
  }

  /** A player begins to read at a piece: where it did not read just now, that is a seek. */
  begin(piece: number, nowMs: number): void {
    const known = this.#runOf(piece)
    if (!known) this.#bucket = this.#fullBucket(nowMs)
    const run = known ?? { from: piece, next: piece }
    this.#runs = [run, ...this.#runs.filter((other) => other !== run)].slice(0, RUNS)
  }

  /** A piece that is in hand: reading it buys nothing. */
  pass(piece: number): void {
    const run = this.#runOf(piece)
    if (run?.next === piece) run.next = piece + 1
  }

  /**
   * Whether a piece may be bought now; if so, it is counted. Once granted, a piece stays granted:
   * an ask that was aborted is asked again at no charge.
   */
  take(piece: number, nowMs: number): boolean {
    const run = this.#runOf(piece)
    if (run && piece < run.next) return true
    if (!this.#bucket.take(nowMs)) return false
    this.pass(piece)
    return true
  }

  /** Milliseconds until another piece may be bought. */
  waitMs(nowMs: number): number {
    return this.#bucket.waitMs(nowMs)
  }

  #runOf(piece: number): Run | undefined {
    return this.#runs.find(({ from, next }) => from <= piece && piece <= next)
  }

  #fullBucket(nowMs: number): Bucket {
    const perSecond = (SPEED * this.#bytesPerSecond) / this.#pieceBytes
    return new Bucket({ perSecond, burst: AT_ONCE_PIECES }, nowMs)
  }
}
