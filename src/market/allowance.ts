/**
 * The budget of one torrent, as its journal knows it (docs/protocol.md §9, money law 10).
 * @module
 */
import { mayReserve } from '../core/budget.ts'
import type { Purchase } from '../core/purchase.ts'
import type { Journal } from '../store/journal.ts'

/**
 * The last word on a purchase: synchronous, so that check and record are one transaction in `runPurchase`.
 * What earlier runs of the program spent counts.
 */
export function underBudget(
  journal: Pick<Journal, 'spent'>,
  budgetMsat: bigint,
): (purchase: Purchase) => boolean {
  return (purchase) => mayReserve({ budgetMsat, ...journal.spent(purchase.infoSha256) }, purchase)
}
