/**
 * What a span costs (docs/protocol.md §7).
 * @module
 */

/** One million: the unit of `stepPpm`. */
const PPM = 1_000_000n

/** A seller's price sheet, from terms. */
export interface Price {
  /** Price of one piece, in msat, ≥ 1. */
  readonly priceMsat: bigint
  /** Discount per doubling of the span, in parts per million, 0 … 500,000. */
  readonly stepPpm: number
}

/**
 * Price of a span in msat: ceil(price · m · (10^6 − step)^k / 10^6k), k = ceil(log2 existing).
 * @param existing - existing pieces that the span covers, ≥ 1
 * @param paid - how many of those are not free (m); 0 means not for sale, and gives 0n
 */
export function spanPriceMsat(price: Price, existing: number, paid: number): bigint {
  const k = BigInt(Math.ceil(Math.log2(existing)))
  const above = price.priceMsat * BigInt(paid) * (PPM - BigInt(price.stepPpm)) ** k
  const below = PPM ** k
  return (above + below - 1n) / below
}
