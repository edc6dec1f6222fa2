/**
 * Builds evidence from what a buyer holds when a check has failed after paying (docs/protocol.md §10).
 * @module
 */
import { type Bargain, NO_COUPON, type RecordProof } from '../src/core/purchase.ts'
import type { Evidence } from './evidence.ts'
import type { SpanKey } from './keys.ts'
import type { Records } from './record-table.ts'

/**
 * Evidence against whoever sold a preimage that does not open the span, by the kind of sale.
 * @param preimage - 32 bytes, H(p) = the bargain's hash
 * @returns undefined for a kind 4 bargain without an endorsement and for kind 2: there is no form for these
 */
export function accuseSale(bargain: Bargain, preimage: Uint8Array): Evidence | undefined {
  const { span, kind, record, wrap, j, cpath, nonce, endorsement, invoice } = bargain
  const about = { span, record, wrap, preimage }
  if (kind === 1 && j !== NO_COUPON) return { ...about, form: 'coupon', j, cpath }
  if (kind === 3) return { ...about, form: 'signed', invoice }
  if (kind === 4 && endorsement !== undefined)
    return { ...about, form: 'endorsed', nonce, endorsement }
  return undefined
}

/**
 * Evidence against the publisher for a right key of a span whose key of a descendant is wrong, or whose free key is.
 * @param records - must know both spans
 * @param wrong - the span that `checkKey` named
 */
export function accuseKey(records: Records, from: SpanKey, wrong: number): Evidence {
  const record = recordIn(records, from.span)
  if (wrong === from.span) return { form: 'free', span: wrong, record }
  const descendant = { span: wrong, record: recordIn(records, wrong) }
  return { form: 'keys', span: from.span, record, key: from.key, descendant }
}

/** Evidence against the publisher for a right leaf key that does not give the plaintext. */
export function accusePlaintext(records: Records, leaf: SpanKey): Evidence {
  const record = recordIn(records, leaf.span)
  return { form: 'plaintext', span: leaf.span, record, key: leaf.key }
}

function recordIn(records: Records, span: number): RecordProof {
  const record = records.get(span)
  if (record === undefined) throw new RangeError(`accuse: record of span ${span} is not known`)
  return record
}
