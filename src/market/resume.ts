/**
 * Takes up what an earlier life left unfinished: every row of the journal goes to its end (docs/protocol.md §9).
 * @module
 */
import { equal } from '../core/bytes.ts'
import type { Purchase } from '../core/purchase.ts'
import type { Sale } from '../core/sale.ts'
import type { Journal } from '../store/journal.ts'
import { type FollowUpPorts, resumePurchase } from './buy.ts'
import { runSale, type SellPorts } from './sell.ts'

/** What resuming acts on. */
export interface ResumePorts
  extends Omit<FollowUpPorts, 'journal' | 'wallet'>,
    Omit<SellPorts, 'journal' | 'cancel' | 'wallet'> {
  readonly journal: FollowUpPorts['journal'] &
    SellPorts['journal'] &
    Pick<Journal, 'unfinishedPurchases' | 'unfinishedSales'>
  readonly wallet: FollowUpPorts['wallet'] & SellPorts['wallet']
}

/** What was unfinished, and how each ends. Every promise settles by itself, or when `stop` aborts. */
export interface Resumed {
  /** How each of `rows` ends; that of a dead one settles by a late success only. */
  readonly purchases: readonly Promise<Purchase>[]
  /** The purchases as they were found, in the same order. */
  readonly rows: readonly Purchase[]
  readonly sales: readonly Promise<Sale>[]
  /** Rows that another wallet made: nobody here can tell how they stand, so they are left as they are. */
  readonly foreign: readonly (Purchase | Sale)[]
}

/**
 * Resumes all unfinished rows: purchases that were only offered are taken back, sent ones are followed to their end,
 * dead ones watched, paid ones opened; sales that were only offered are cancelled unless their money is held,
 * held ones accepted or refused by their deadline, and what was begun is ended.
 */
export function resume(ports: ResumePorts): Resumed {
  const { journal, wallet } = ports
  const isOurs = ({ walletNode }: { readonly walletNode?: Uint8Array }): boolean =>
    walletNode === undefined || equal(walletNode, wallet.nodeId)
  const purchases = journal.unfinishedPurchases()
  const sales = journal.unfinishedSales()
  const cancel = AbortSignal.abort()
  const rows = purchases.filter(canGoOn)
  return {
    rows,
    purchases: rows.map((row) => resumePurchase(row, ports)),
    sales: sales.filter(isOurs).map((row) => runSale(row, { ...ports, cancel })),
    foreign: [...purchases.filter((row) => !canGoOn(row)), ...sales.filter((row) => !isOurs(row))],
  }

  /** A key that is paid for is opened whatever the wallet. */
  function canGoOn(row: Purchase): boolean {
    return row.state === 'paid' || isOurs(row)
  }
}
