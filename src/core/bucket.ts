/**
 * A token bucket: how often somebody may do something (docs/limits.md). The clock is passed in.
 * @module
 */

/** What a bucket allows: `burst` at once, `perSecond` in the long run. */
export interface Rate {
  readonly perSecond: number
  /** Size of the bucket, ≥ 1. It starts full. */
  readonly burst: number
}

/** One bucket, for one peer and one kind of act. */
export class Bucket {
  readonly rate: Rate
  #tokens: number
  #filledAtMs: number

  /**
   * @param nowMs - any steadily growing clock, the same one as for {@link Bucket.take}
   * @param tokens - what is in it at first
   */
  constructor(rate: Rate, nowMs: number, tokens: number = rate.burst) {
    this.rate = rate
    this.#tokens = tokens
    this.#filledAtMs = nowMs
  }

  /** What is in it. */
  level(nowMs: number): number {
    this.#fill(nowMs)
    return this.#tokens
  }

  /** Takes `tokens` and says true, or takes nothing and says false. */
  take(nowMs: number, tokens = 1): boolean {
    this.#fill(nowMs)
    if (this.#tokens < tokens) return false
    this.#tokens -= tokens
    return true
  }

  /** Milliseconds until {@link Bucket.take} would say true; Infinity for more than `burst`. */
  waitMs(nowMs: number, tokens = 1): number {
    this.#fill(nowMs)
    if (tokens > this.rate.burst) return Number.POSITIVE_INFINITY
    return Math.ceil((Math.max(0, tokens - this.#tokens) / this.rate.perSecond) * 1000)
  }

  #fill(nowMs: number): void {
    // A clock that is set back must not empty the bucket, nor fill it twice when it comes forward.
    const elapsedMs = Math.max(0, nowMs - this.#filledAtMs)
    this.#tokens = Math.min(
      this.rate.burst,
      this.#tokens + (elapsedMs / 1000) * this.rate.perSecond,
    )
    this.#filledAtMs = Math.max(this.#filledAtMs, nowMs)
  }
}
