/**
 * From whom to buy: a seller that stalls or rejects is scored down, one that lies is left for good. Pure.
 * @module
 */

/** How a seller has behaved on one connection. */
export interface Score {
  /** Keys delivered. */
  readonly delivered: number
  /** Stalls and refusals since the last key. */
  readonly strikes: number
  /** Smoothed time from ask to key, ms; undefined before the first. */
  readonly keyMs: number | undefined
  /** Not asked before this time, unix ms. */
  readonly restUntilMs: number
}

/** A seller nobody has tried. */
export const NEW_SELLER: Score = { delivered: 0, strikes: 0, keyMs: undefined, restUntilMs: 0 }

/** Payments in flight: one to a new seller, four in all to one that has delivered (docs/protocol.md §8). */
export const MAX_IN_FLIGHT = 4

/** First rest after a strike, ms; each further strike doubles it, up to {@link MAX_REST_MS}. */
const REST_MS = 500
const MAX_REST_MS = 60_000

/** Weight of the newest measurement in `keyMs`. */
const WEIGHT = 0.3

/** A key came `tookMs` after the ask. */
export function delivered(score: Score, tookMs: number): Score {
  const keyMs = score.keyMs === undefined ? tookMs : score.keyMs + WEIGHT * (tookMs - score.keyMs)
  return { delivered: score.delivered + 1, strikes: 0, keyMs, restUntilMs: 0 }
}

/** No answer in time, a failed payment, a refusal. `waitMs`: what the seller asked for, if it did. */
export function struck(score: Score, nowMs: number, waitMs = 0): Score {
  const restMs = Math.min(MAX_REST_MS, Math.max(waitMs, REST_MS * 2 ** score.strikes))
  return { ...score, strikes: score.strikes + 1, restUntilMs: nowMs + restMs }
}

/** It has lied: never asked again on this connection. */
export function left(score: Score): Score {
  return { ...score, strikes: score.strikes + 1, restUntilMs: Number.POSITIVE_INFINITY }
}

/** How many purchases may be open with a seller at once. */
export function inFlightLimit(score: Score): number {
  return score.delivered === 0 ? 1 : MAX_IN_FLIGHT
}

/** One who may be asked. */
export interface Candidate {
  readonly id: string
  readonly score: Score
  /** Price of a piece, msat. */
  readonly priceMsat: bigint
  /** Purchases open with it now. */
  readonly open: number
}

/** The candidates that may be asked now, best first: cheaper, then fewer strikes, then quicker. */
export function rank(candidates: readonly Candidate[], nowMs: number): Candidate[] {
  return candidates
    .filter(({ score, open }) => score.restUntilMs <= nowMs && open < inFlightLimit(score))
    .sort(
      (a, b) =>
        Number(a.priceMsat - b.priceMsat) ||
        a.score.strikes - b.score.strikes ||
        (a.score.keyMs ?? 0) - (b.score.keyMs ?? 0),
    )
}
