/**
 * Coins of a key that the tests own, and how to spend them.
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { p2wpkh, Transaction } from '@scure/btc-signer'
import { pubECDSA } from '@scure/btc-signer/utils.js'
import { hasCode } from '../../src/core/errors.ts'
import type { Coin } from '../../src/regtest/coins.ts'

const KEY = new Uint8Array(32).fill(7)
/** Output script of the tests' own key. */
export const SCRIPT: Uint8Array = p2wpkh(pubECDSA(KEY)).script

/** Runs `act` in a directory that is gone afterwards. */
export function withDirectory(act: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'lnt-chain-'))
  try {
    act(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A signed transaction that pays part of one coin to {@link SCRIPT}, the rest as fee. */
export function spend(
  coin: Pick<Coin, 'outpoint' | 'amountSat' | 'script'>,
  amountSat: bigint,
  options: { lockTime?: number; sequence?: number } = {},
): Uint8Array {
  const [txid = '', index] = coin.outpoint.split(':')
  const { lockTime = 0, sequence = 0xffffffff } = options
  const transaction = new Transaction({ version: 2, lockTime })
  const witnessUtxo = { script: coin.script, amount: coin.amountSat }
  transaction.addInput({ txid, index: Number(index), witnessUtxo, sequence })
  transaction.addOutput({ script: SCRIPT, amount: amountSat })
  transaction.sign(KEY)
  transaction.finalize()
  return transaction.extract()
}

/** Why the chain refuses, or `taken`. */
export function whyRefused(act: () => void): string {
  try {
    act()
    return 'taken'
  } catch (err) {
    return hasCode(err, 'REGTEST_FAILED') ? err.detail.why : String(err)
  }
}
