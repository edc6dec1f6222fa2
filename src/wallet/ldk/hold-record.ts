/**
 * A hold invoice as the node's journal keeps it: JSON, one line.
 * @module
 */
import { LntError } from '../../core/errors.ts'

/** Amounts in msat. `expiryHeight` as in `Hold`. */
export type HoldRecord =
  | { readonly status: 'open' | 'settled' | 'cancelled'; readonly askedMsat: bigint }
  | {
      readonly status: 'held'
      readonly askedMsat: bigint
      readonly heldMsat: bigint
      readonly expiryHeight: number
    }

export function writeHold(record: HoldRecord): string {
  return JSON.stringify(record, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}

/** @throws LntError `BAD_JOURNAL` when {@link writeHold} did not write it */
export function readHold(text: string): HoldRecord {
  const fields: Record<string, unknown> = { ...parse(text) }
  const { status, askedMsat, heldMsat, expiryHeight } = fields
  if (typeof askedMsat === 'string') {
    if (status === 'open' || status === 'settled' || status === 'cancelled')
      return { status, askedMsat: BigInt(askedMsat) }
    if (status === 'held' && typeof heldMsat === 'string' && typeof expiryHeight === 'number')
      return { status, askedMsat: BigInt(askedMsat), heldMsat: BigInt(heldMsat), expiryHeight }
  }
  throw new LntError({ code: 'BAD_JOURNAL', why: `hold: ${text}` })
}

/** The object in a JSON text; empty when there is none. */
export function parse(text: string): object {
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null ? value : {}
}
