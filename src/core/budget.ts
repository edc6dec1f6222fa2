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

/** Routing fee limit of a payment: amount · ppm / 10^6 + base. */
export interface FeeRule {
  readonly ppm: bigint
  readonly baseMsat: bigint
}

/** 1 % + 1 sat a payment (money law 6). */
export const DEFAULT_FEE_RULE: FeeRule = { ppm: 10_000n, baseMsat: 1_000n }

/** Fee limit of a payment of this amount, msat (money law 6). */
export function feeLimitMsat(amountMsat: bigint, rule: FeeRule = DEFAULT_FEE_RULE): bigint {
  return (amountMsat * rule.ppm) / 1_000_000n + rule.baseMsat
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
