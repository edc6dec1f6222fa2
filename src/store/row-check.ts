/**
 * What must be in a row before it is written: a driver with a bug is stopped here.
 * @module
 */
import { hash as digest } from 'node:crypto'
import { equal } from '../core/bytes.ts'
import { NO_COUPON, type Purchase } from '../core/purchase.ts'
import type { Sale } from '../core/sale.ts'
import { broken } from './machine-rows.ts'

/**
 * What must be in a purchase's row for the state that it claims.
 * @throws LntError `BAD_JOURNAL`
 */
export function checkPurchase({ state, hash, ...p }: Purchase): void {
  const isPaid = state === 'paid' || state === 'opened' || state === 'cheated'
  const isSent = isPaid || state === 'paying' || state === 'dead'
  const needs = {
    ...(isSent && { walletNode: p.walletNode, expiryLimitHeight: p.expiryLimitHeight }),
    ...(isPaid && { preimage: p.preimage, feeMsat: p.feeMsat }),
  }
  for (const [what, value] of Object.entries(needs))
    if (value === undefined) throw broken('purchase', `${state} without ${what}`)
  if (p.preimage && !equal(sha256(p.preimage), hash))
    throw broken('purchase', 'H(preimage) is not the hash')
}

function sha256(bytes: Uint8Array): Uint8Array {
  return digest('sha256', bytes, 'buffer')
}

/**
 * What must be in a sale's row.
 * @throws LntError `BAD_JOURNAL`
 */
export function checkSale({ kind, j, preimage, hash }: Sale): void {
  if ((kind === 1) !== (j !== NO_COUPON)) throw broken('sale', 'j goes with kind 1')
  if (!equal(sha256(preimage), hash)) throw broken('sale', 'H(preimage) is not the hash')
}
