/**
 * The coins of the play-money chain: every output that no block has spent (the UTXO set).
 * @module
 */
import { SUBSIDY_SAT } from './block.ts'
import { refused, type Transaction } from './transaction.ts'

/** Blocks until a coinbase may be spent (COINBASE_MATURITY of bitcoind). */
export const COINBASE_MATURITY = 100

/** First byte of a script that can never be spent (OP_RETURN). */
const OP_RETURN = 0x6a

/** An output that can be spent. */
export interface Coin {
  /** Transaction id in display order, a colon, output index. */
  readonly outpoint: string
  readonly amountSat: bigint
  readonly script: Uint8Array
  /** Height of the block that made it. */
  readonly height: number
  readonly coinbase: boolean
}

/** All coins that blocks made and none spent. */
export class Coins {
  private readonly coins = new Map<string, Coin>()

  get(outpoint: string): Coin | undefined {
    return this.coins.get(outpoint)
  }

  /** Every coin, oldest first. */
  all(): Iterable<Coin> {
    return this.coins.values()
  }

  /** How many there are. */
  get size(): number {
    return this.coins.size
  }

  /** Takes in the transactions of a block whose rules were checked. */
  connect(transactions: readonly Transaction[], height: number): void {
    for (const [index, transaction] of transactions.entries()) {
      for (const { outpoint } of transaction.inputs) this.coins.delete(outpoint)
      for (const coin of coinsOf(transaction, height, index === 0))
        this.coins.set(coin.outpoint, coin)
    }
  }
}

/** The coins that a transaction makes. */
export function coinsOf(transaction: Transaction, height: number, coinbase: boolean): Coin[] {
  return transaction.outputs
    .map(({ amountSat, script }, index) => ({
      outpoint: `${transaction.id}:${index}`,
      amountSat,
      script,
      height,
      coinbase,
    }))
    .filter(({ script }) => script[0] !== OP_RETURN)
}

/** Whether a coin may be spent in a block at `height`. */
export function isMature(coin: Coin, height: number): boolean {
  return !coin.coinbase || height - coin.height >= COINBASE_MATURITY
}

/** What a block pays its miner. */
export function rewardSat(feesSat: bigint): bigint {
  return SUBSIDY_SAT + feesSat
}

/**
 * Checks a transaction against the coins it spends, for a block at `height`: amounts, maturity, lock times.
 * Scripts and signatures are not checked.
 * @returns its fee, in satoshi
 * @throws LntError `REGTEST_FAILED`
 */
export function checkSpend(
  transaction: Transaction,
  coins: readonly Coin[],
  height: number,
  medianTimeSeconds: number,
): bigint {
  for (const coin of coins)
    if (!isMature(coin, height)) throw refused(`coinbase ${coin.outpoint} is not mature`)
  if (!isFinal(transaction, height, medianTimeSeconds))
    throw refused('its lock time is not reached')
  if (!meetsSequences(transaction, coins, height))
    throw refused('a relative lock time is not reached')
  const inSat = coins.reduce((sum, { amountSat }) => sum + amountSat, 0n)
  const outSat = transaction.outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n)
  if (outSat > inSat) throw refused('it pays more than it spends')
  return inSat - outSat
}

/** Absolute lock time: below 500,000,000 a height, else unix seconds (nLockTime). */
function isFinal(transaction: Transaction, height: number, medianTimeSeconds: number): boolean {
  const { lockTime, inputs } = transaction
  const reached = lockTime < 500_000_000 ? height : medianTimeSeconds
  return lockTime < reached || inputs.every(({ sequence }) => sequence === 0xffffffff)
}

/** Relative lock times in blocks (BIP 68). Those in time units are taken as reached: nobody here uses them. */
function meetsSequences(transaction: Transaction, coins: readonly Coin[], height: number): boolean {
  if (transaction.version < 2) return true
  return transaction.inputs.every(({ sequence }, index) => {
    const blocks = (sequence & 0x80400000) === 0 ? sequence & 0xffff : 0
    return height - (coins[index]?.height ?? 0) >= blocks
  })
}
