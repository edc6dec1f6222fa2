/**
 * One peer as a source of blocks: what it has, and how much to ask of it at a time.
 * The pipeline holds what the peer delivers in a short while, so that an urgent piece or a trade
 * message never waits behind more than that.
 * @module
 */
import type Wire from 'bittorrent-protocol'

/** Blocks are asked for in this size (BEP 3). */
export const BLOCK_BYTES = 16_384

/** Least pipeline, bytes: a fresh wire must be able to show what it can do. */
const MIN_WINDOW_BYTES: number = 16 * BLOCK_BYTES
/** Most pipeline where the peer names no `reqq`, in requests. */
const DEFAULT_REQQ = 500
/** Least time that the pipeline covers, ms; twice the shortest round trip where that is more. */
const MIN_COVER_MS = 40
/** Rates are measured over at least this long, ms. */
const RATE_SLICE_MS = 25
/** How long a measured round trip counts, ms. */
const RTT_LIFE_MS = 10_000
/** A piece that was refused is not asked for again for so long, ms. */
const REFUSED_MS = 3_000
/** Refusals in a row without any block in between: the peer only costs time. */
export const MAX_REFUSALS = 2_000

/** A peer that may give us blocks. Times are in ms of one monotonic clock. */
export class Source {
  readonly wire: Wire
  /** Bytes asked for and not answered. */
  openBytes = 0
  /** When the oldest unanswered request began to wait, or the last block came. */
  waitingSinceMs = 0
  /** Did not answer in time; gets one block at a time until it delivers. */
  isSnubbed = false
  /** Whether it has a piece that we want. */
  isUseful = false
  /** A piece that made it useful, looked at first. */
  usefulPiece = 0
  isGone = false
  /** Payload bytes that it gave. */
  givenBytes = 0
  /** Refusals since its last block. */
  refusals = 0
  readonly #pieces: number
  readonly #refused = new Map<number, number>()
  #rate = 0
  #sliceBytes = 0
  #sliceStartMs = 0
  #rttMs = Number.POSITIVE_INFINITY
  #rttNextMs = Number.POSITIVE_INFINITY
  #rttTurnMs = 0

  constructor(wire: Wire, pieces: number) {
    this.wire = wire
    this.#pieces = pieces
  }

  /** Whether the peer says that it has the piece. */
  has(piece: number): boolean {
    return this.wire.peerPieces.get(piece)
  }

  /** Whether it would answer a request for the piece now. */
  serves(piece: number, nowMs: number): boolean {
    if (!this.has(piece)) return false
    if (this.wire.peerChoking && !this.wire.peerAllowedFastSet.includes(piece)) return false
    if (this.#refused.size === 0) return true
    return (this.#refused.get(piece) ?? 0) <= nowMs
  }

  /** Whether it says that it has everything. */
  hasAll(): boolean {
    for (let piece = 0; piece < this.#pieces; piece++) if (!this.has(piece)) return false
    return true
  }

  /** Bytes that may be out at once. */
  get windowBytes(): number {
    if (this.isSnubbed) return BLOCK_BYTES
    const coverMs = Math.max(MIN_COVER_MS, 2 * Math.min(this.#rttMs, this.#rttNextMs, 2_000))
    const reqq = this.wire.peerExtendedHandshake['reqq']
    const most = typeof reqq === 'number' && reqq > 0 ? reqq : DEFAULT_REQQ
    const wanted = Math.max(MIN_WINDOW_BYTES, (this.#rate * coverMs) / 1000)
    return Math.min(wanted, most * BLOCK_BYTES)
  }

  /** Measured rate, bytes/s. */
  get rateBps(): number {
    return this.#rate
  }

  /** How long an answer should take at most, ms: what is queued, and the way there and back. */
  get patienceMs(): number {
    const queueMs = this.#rate > 0 ? (this.openBytes / this.#rate) * 1000 : 1_000
    return queueMs + 3 * Math.min(this.#rttMs, 1_000) + 100
  }

  /** Notes a request that goes out. */
  asked(bytes: number, nowMs: number): void {
    if (this.openBytes === 0) {
      this.waitingSinceMs = nowMs
      this.#sliceStartMs = nowMs
      this.#sliceBytes = 0
    }
    this.openBytes += bytes
  }

  /** Notes a block that came. */
  gave(bytes: number, askedAtMs: number, nowMs: number): void {
    this.openBytes -= bytes
    this.givenBytes += bytes
    this.waitingSinceMs = nowMs
    this.isSnubbed = false
    this.refusals = 0
    this.#measureRtt(nowMs - askedAtMs, nowMs)
    this.#sliceBytes += bytes
    const sliceMs = nowMs - this.#sliceStartMs
    if (sliceMs < RATE_SLICE_MS) return
    const rate = (this.#sliceBytes / sliceMs) * 1000
    // Up at once, down slowly: a pause is more often the scheduler's than the line's.
    this.#rate = rate > this.#rate ? rate : this.#rate * 0.9 + rate * 0.1
    this.#sliceStartMs = nowMs
    this.#sliceBytes = 0
  }

  /** Notes a request that will not be answered. */
  failed(bytes: number): void {
    this.openBytes -= bytes
  }

  /** The peer refused a block of the piece. */
  refused(piece: number, nowMs: number): void {
    this.refusals += 1
    this.#refused.set(piece, nowMs + REFUSED_MS)
    if (this.#refused.size < 1_000) return
    for (const [old, untilMs] of this.#refused) if (untilMs <= nowMs) this.#refused.delete(old)
  }

  /** The shortest of the last 10 to 20 s: the way there and back without our own queue. */
  #measureRtt(rttMs: number, nowMs: number): void {
    if (nowMs > this.#rttTurnMs) {
      this.#rttTurnMs = nowMs + RTT_LIFE_MS
      this.#rttMs = this.#rttNextMs
      this.#rttNextMs = rttMs
    }
    this.#rttNextMs = Math.min(this.#rttNextMs, rttMs)
  }
}
