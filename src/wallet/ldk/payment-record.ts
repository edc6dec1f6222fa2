/**
 * A payment as the node's journal keeps it: JSON, one line.
 * @module
 */
import { fromHex, toHex } from '../../core/bytes.ts'
import { LntError } from '../../core/errors.ts'
import type { Tracked } from '../wallet.ts'
import { parse } from './hold-record.ts'

/** What is kept of a payment. */
export type PaymentRecord = Exclude<Tracked, { status: 'none' }>

export function writePayment(record: PaymentRecord): string {
  if (record.status !== 'paid') return JSON.stringify(record)
  const { status, preimage, feeMsat } = record
  return JSON.stringify({ status, preimage: toHex(preimage), feeMsat: feeMsat.toString() })
}

/** @throws LntError `BAD_JOURNAL` when {@link writePayment} did not write it */
export function readPayment(text: string): PaymentRecord {
  const fields: Record<string, unknown> = { ...parse(text) }
  const { status, preimage, feeMsat, why } = fields
  if (status === 'pending') return { status }
  if (status === 'failed' && typeof why === 'string') return { status, why }
  if (status === 'paid' && typeof preimage === 'string' && typeof feeMsat === 'string')
    return { status, preimage: fromHex(preimage, 32), feeMsat: BigInt(feeMsat) }
  throw new LntError({ code: 'BAD_JOURNAL', why: `payment: ${text}` })
}
