/**
 * The keys of evidence, form by form (docs/protocol.md §8, t = 7, and §10).
 * @module
 */
import type { Dict } from '../../src/core/bencode.ts'
import { malformed, readBytes, readInteger, readPath, readText, U32 } from './fields.ts'
import { HASH_BYTES, MAX_FORM_BYTES } from './limits.ts'
import type { EvidenceMessage } from './message.ts'
import { COUPON_INDEX, COUPON_PATH, INVOICE } from './offer-codec.ts'
import {
  endorsementKeys,
  readRecordProof,
  recordProofKeys,
  requireEndorsement,
  type Writable,
} from './proof-fields.ts'

/** @throws {@link LntError} `BAD_MESSAGE`, also for a form that we do not know: `form` is a known key */
export function readEvidence(dict: Dict): EvidenceMessage {
  const span = readInteger(dict, 'span', U32)
  const shared = { type: 'evidence' as const, span, record: readRecordProof(dict) }
  switch (readText(dict, 'form', { min: 1, max: MAX_FORM_BYTES })) {
    case 'coupon':
      return {
        ...shared,
        form: 'coupon',
        j: readInteger(dict, 'j', COUPON_INDEX),
        ...readSecrets(dict),
        cpath: readPath(dict, 'cpath', COUPON_PATH),
      }
    case 'endorsed':
      return {
        ...shared,
        form: 'endorsed',
        ...readSecrets(dict),
        nonce: readBytes(dict, 'nonce', HASH_BYTES),
        endorsement: requireEndorsement(dict),
      }
    case 'signed':
      return {
        ...shared,
        form: 'signed',
        ...readSecrets(dict),
        invoice: readText(dict, 'inv', INVOICE),
      }
    case 'keys':
      return {
        ...shared,
        form: 'keys',
        key: readBytes(dict, 'key', HASH_BYTES),
        descendant: { span: readInteger(dict, 'dspan', U32), record: readRecordProof(dict, 'd') },
      }
    case 'plaintext':
      return { ...shared, form: 'plaintext', key: readBytes(dict, 'key', HASH_BYTES) }
    case 'free':
      return { ...shared, form: 'free' }
    default:
      throw malformed('form')
  }
}

/** The keys of {@link readEvidence}. */
export function evidenceKeys(evidence: EvidenceMessage): Record<string, Writable> {
  const { form, span, record } = evidence
  return { form, span, ...recordProofKeys(record), ...formKeys(evidence) }
}

function formKeys(evidence: EvidenceMessage): Record<string, Writable> {
  switch (evidence.form) {
    case 'coupon':
      return { j: evidence.j, ...secretKeys(evidence), cpath: evidence.cpath }
    case 'endorsed':
      return {
        ...secretKeys(evidence),
        nonce: evidence.nonce,
        ...endorsementKeys(evidence.endorsement),
      }
    case 'signed':
      return { ...secretKeys(evidence), inv: evidence.invoice }
    case 'keys':
      return {
        key: evidence.key,
        dspan: evidence.descendant.span,
        ...recordProofKeys(evidence.descendant.record, 'd'),
      }
    case 'plaintext':
      return { key: evidence.key }
    case 'free':
      return {}
  }
}

interface Secrets {
  readonly wrap: Uint8Array
  readonly preimage: Uint8Array
}

function readSecrets(dict: Dict): Secrets {
  return { wrap: readBytes(dict, 'w', HASH_BYTES), preimage: readBytes(dict, 'p', HASH_BYTES) }
}

function secretKeys({ wrap, preimage }: Secrets): Record<string, Writable> {
  return { w: wrap, p: preimage }
}
