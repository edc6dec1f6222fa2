/**
 * Options of whoever buys: `stream` and `download`.
 * @module
 */
import type { Command } from 'commander'
import type { BuySettings } from '../client.ts'
import { feeRule } from './fee-rule.ts'
import { budget, price } from './options.ts'

/** What they give. */
export interface BuyFlags {
  readonly budget?: bigint
  readonly maxPrice?: bigint
  readonly maxFee?: BuySettings['feeRule']
  readonly trustPublisher?: boolean
}

/** Adds them. */
export function withBuying(command: Command): Command {
  return command
    .option(
      '--budget <sat>',
      'most spent on this torrent, what it has cost before counts (100000)',
      budget,
    )
    .option('--max-price <sat>', 'dearest piece, in sat (1000)', price('--max-price'))
    .option(
      '--max-fee <rule>',
      'routing fee limit of a payment: PERCENT%, SAT, or both as 1%+1',
      feeRule,
    )
    .option('--trust-publisher', 'let spans outgrow what was opened: fewer payments, more at stake')
}

/** What the client takes. */
export function buyOptions(flags: BuyFlags): BuySettings {
  return {
    ...(flags.budget !== undefined && { budgetMsat: flags.budget }),
    ...(flags.maxPrice !== undefined && { maxPriceMsat: flags.maxPrice }),
    ...(flags.maxFee !== undefined && { feeRule: flags.maxFee }),
    ...(flags.trustPublisher !== undefined && { isTrusted: flags.trustPublisher }),
  }
}
