/**
 * The play-money faucet: a wallet of one key (p2wpkh) that funds the hub's channels and mines what it needs.
 * A coin handed out once is never handed out again, also after a crash.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { p2wpkh, TEST_NETWORK, Transaction } from '@scure/btc-signer'
import { pubECDSA } from '@scure/btc-signer/utils.js'
import { equal, fromHex, toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Chain } from './chain.ts'
import { COINBASE_MATURITY, type Coin, isMature } from './coins.ts'
import { writeAtomically } from './state-file.ts'

/** Coins that a refill brings it to: as many channels can be funded between two blocks. */
export const RESERVE_COINS = 32
/** Fewer than this ask for a refill. */
const LOW_COINS = 16

/** Fee of a funding transaction: about 150 vbytes at 2 sat/vbyte. */
const FEE_SAT = 300n
/** Change below this would be dust (bitcoind's limit for p2wpkh, in satoshi). */
const DUST_SAT = 294n

/** A wallet of coinbases. */
export class Faucet {
  private readonly chain: Chain
  private readonly path: string
  private readonly key: Uint8Array
  private readonly reserved: Set<string>
  /** Output script of all its coins. */
  readonly script: Uint8Array

  /** Reads key and reserved coins from `path`, or begins anew: what an older key owned is forgotten. */
  constructor(chain: Chain, path: string) {
    this.chain = chain
    this.path = path
    const state = readState(path)
    this.key = state?.key ?? randomBytes(32)
    this.reserved = new Set(state?.reserved)
    this.script = p2wpkh(pubECDSA(this.key), TEST_NETWORK).script
    if (!state) this.save()
  }

  /** Mines when coins run low, and when none can be spent. */
  refill(): void {
    const count = this.coins().length
    if (count < LOW_COINS) this.chain.mine(RESERVE_COINS - count, this.script)
    if (!this.spendable()) this.chain.mine(COINBASE_MATURITY)
  }

  /**
   * Makes a signed transaction that pays `amountSat` to `script` in its first output. It is not broadcast.
   * @throws LntError `REGTEST_FAILED` when no coin is large enough
   */
  fund(script: Uint8Array, amountSat: bigint): Uint8Array {
    this.refill()
    const coin = this.spendable()
    if (!coin || coin.amountSat < amountSat + FEE_SAT + DUST_SAT)
      throw new LntError({ code: 'REGTEST_FAILED', why: `the faucet has no ${amountSat} sat` })
    // Reserved on disk before it leaves: a transaction that we forgot may still be broadcast by the node.
    this.reserved.add(coin.outpoint)
    this.save()
    const [txid = '', index = ''] = coin.outpoint.split(':')
    const transaction = new Transaction({ version: 2, allowUnknownOutputs: true })
    const witnessUtxo = { script: coin.script, amount: coin.amountSat }
    transaction.addInput({ txid, index: Number(index), witnessUtxo })
    transaction.addOutput({ script, amount: amountSat })
    transaction.addOutput({ script: this.script, amount: coin.amountSat - amountSat - FEE_SAT })
    transaction.sign(this.key)
    transaction.finalize()
    return transaction.extract()
  }

  private spendable(): Coin | undefined {
    const height = this.chain.height + 1
    return this.coins().find((coin) => isMature(coin, height))
  }

  /** Its coins that neither were handed out nor wait to be spent. */
  private coins(): Coin[] {
    return [...this.chain.coins.all()].filter(
      ({ outpoint, script }) =>
        equal(script, this.script) &&
        !this.reserved.has(outpoint) &&
        !this.chain.mempool.spends(outpoint),
    )
  }

  private save(): void {
    for (const outpoint of this.reserved)
      if (!this.chain.coins.get(outpoint)) this.reserved.delete(outpoint)
    const state = { key: toHex(this.key), reserved: [...this.reserved] }
    writeAtomically(this.path, JSON.stringify(state))
  }
}

function readState(path: string): { key: Uint8Array; reserved: string[] } | undefined {
  try {
    const state: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof state !== 'object' || state === null) return undefined
    if (!('key' in state) || typeof state.key !== 'string') return undefined
    if (!('reserved' in state) || !Array.isArray(state.reserved)) return undefined
    return { key: fromHex(state.key, 32), reserved: state.reserved.map(String) }
  } catch {
    return undefined
  }
}
