/**
 * Transactions that wait for the next block. One that spends what another spends is refused.
 * @module
 */
import { type Coin, type Coins, checkSpend, coinsOf } from './coins.ts'
import { MAX_MONEY_SAT, refused, type Transaction } from './transaction.ts'

/** Most bytes that wait: one block takes them all, and a block fits into a line of the service. */
export const MAX_MEMPOOL_BYTES = 1_000_000

/** Where and when the next block will be. */
export interface NextBlock {
  readonly height: number
  /** Median time of the last 11 blocks, unix seconds. */
  readonly medianTimeSeconds: number
}

/** Transactions in the order in which they came: parents before children. */
export class Mempool {
  private readonly coins: Coins
  private readonly waiting = new Map<string, Transaction>()
  private readonly spent = new Set<string>()
  private readonly made = new Map<string, Coin>()
  private bytes = 0
  private totalFeesSat = 0n

  constructor(coins: Coins) {
    this.coins = coins
  }

  /** How many wait. */
  get size(): number {
    return this.waiting.size
  }

  has(id: string): boolean {
    return this.waiting.has(id)
  }

  /** Whether a waiting transaction spends this coin. */
  spends(outpoint: string): boolean {
    return this.spent.has(outpoint)
  }

  /**
   * Takes a transaction in.
   * @throws LntError `REGTEST_FAILED` when it breaks a rule, or nothing more fits
   */
  add(transaction: Transaction, next: NextBlock): void {
    checkShape(transaction)
    if (this.bytes + transaction.raw.length > MAX_MEMPOOL_BYTES)
      throw refused('the mempool is full')
    const coins = transaction.inputs.map(({ outpoint }) => this.coinAt(outpoint))
    this.totalFeesSat += checkSpend(transaction, coins, next.height, next.medianTimeSeconds)
    this.bytes += transaction.raw.length
    this.waiting.set(transaction.id, transaction)
    for (const { outpoint } of transaction.inputs) this.spent.add(outpoint)
    for (const coin of coinsOf(transaction, next.height, false)) this.made.set(coin.outpoint, coin)
  }

  /** What the next block holds. */
  contents(): { readonly transactions: readonly Transaction[]; readonly feesSat: bigint } {
    return { transactions: [...this.waiting.values()], feesSat: this.totalFeesSat }
  }

  /** Forgets everything: a block has it. */
  clear(): void {
    this.waiting.clear()
    this.spent.clear()
    this.made.clear()
    this.bytes = 0
    this.totalFeesSat = 0n
  }

  private coinAt(outpoint: string): Coin {
    const coin = this.coins.get(outpoint) ?? this.made.get(outpoint)
    if (!coin) throw refused(`there is no coin ${outpoint}`)
    if (this.spent.has(outpoint)) throw refused(`coin ${outpoint} is spent by another transaction`)
    return coin
  }
}

function checkShape({ inputs, outputs }: Transaction): void {
  if (inputs.length === 0 || outputs.length === 0) throw refused('it spends or pays nothing')
  if (new Set(inputs.map(({ outpoint }) => outpoint)).size !== inputs.length)
    throw refused('it spends a coin twice')
  const sums = outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n)
  if (sums > MAX_MONEY_SAT) throw refused('it pays more money than there is')
}
