/**
 * A budget is a hard cap: spent + in flight + fee limits never exceed it (docs/protocol.md §9, money law 10).
 * @module
 */

/** A budget and what of it is gone. All in msat. */
export interface Budget {
  readonly budgetMsat: bigint
  /** Amounts and fees of what was paid. */
  readonly spentMsat: bigint
  /** Amounts and fee limits of what may be in flight. */
  readonly reservedMsat: bigint
}

/** Default fee limit, one part (money law 6): one msat for each hundred of the amount. */
const FEE_DIVISOR = 100n
/** Default fee limit, the other part (money law 6): 1 sat. */
const FEE_BASE_MSAT = 1000n

/** Default fee limit of a payment: 1 % + 1 sat (money law 6). */
export function defaultFeeLimitMsat(amountMsat: bigint): bigint {
  return amountMsat / FEE_DIVISOR + FEE_BASE_MSAT
}

/** What is left of a budget, ≥ 0: a revived dead payment may have taken more than there was. */
export function leftMsat({ budgetMsat, spentMsat, reservedMsat }: Budget): bigint {
  const left = budgetMsat - spentMsat - reservedMsat
  return left > 0n ? left : 0n
}

/** Whether a payment fits, with all that its fee may come to. */
export function mayReserve(
  budget: Budget,
  payment: { readonly amountMsat: bigint; readonly feeLimitMsat: bigint },
): boolean {
  return payment.amountMsat + payment.feeLimitMsat <= leftMsat(budget)
}
