/**
 * The keys of an offer, with the conditions that its kind sets (docs/protocol.md §8, t = 2).
 * @module
 */
import type { Dict } from '../../src/core/bencode.ts'
import type { Endorsement, Kind } from '../../src/core/purchase.ts'
import {
  type Bounds,
  malformed,
  readBytes,
  readInteger,
  readPath,
  readText,
  refuseKeys,
  U32,
} from './fields.ts'
import {
  BOX_BYTES,
  HASH_BYTES,
  MAX_COUPON,
  MAX_COUPON_DEPTH,
  MAX_INVOICE_BYTES,
  MAX_TTL_SECONDS,
} from './limits.ts'
import type { Offer } from './message.ts'
import {
  endorsementKeys,
  readEndorsement,
  readRecordProof,
  recordProofKeys,
  requireEndorsement,
  type Writable,
} from './proof-fields.ts'

/** Life of an offer or price sheet, seconds. */
export const TTL: Bounds = { min: 1, max: MAX_TTL_SECONDS }

/** Length of a BOLT 11 text, bytes. */
export const INVOICE: Bounds = { min: 1, max: MAX_INVOICE_BYTES }

/** Length of a coupon path in hashes; empty when a span has one coupon (c = 0). */
export const COUPON_PATH: Bounds = { min: 0, max: MAX_COUPON_DEPTH }

/** Coupon index. */
export const COUPON_INDEX: Bounds = { min: 0, max: MAX_COUPON }

/** @throws {@link LntError} `BAD_MESSAGE` */
export function readOffer(dict: Dict): Offer {
  const kind = readKind(dict)
  const coupon = readCoupon(dict, kind)
  const endorsement = readEndorsementOf(dict, kind)
  return {
    type: 'offer',
    id: readInteger(dict, 'id', U32),
    span: readInteger(dict, 'span', U32),
    kind,
    record: readRecordProof(dict),
    epk: readBytes(dict, 'epk', HASH_BYTES),
    box: readBytes(dict, 'box', BOX_BYTES),
    invoice: readText(dict, 'inv', INVOICE),
    ttlSeconds: readInteger(dict, 'ttl', TTL),
    ...(coupon && { coupon }),
    ...(endorsement && { endorsement }),
  }
}

/** The keys of {@link readOffer}. */
export function offerKeys(offer: Offer): Record<string, Writable> {
  return {
    id: offer.id,
    span: offer.span,
    kind: offer.kind,
    ...recordProofKeys(offer.record),
    epk: offer.epk,
    box: offer.box,
    inv: offer.invoice,
    ttl: offer.ttlSeconds,
    j: offer.coupon?.j,
    cpath: offer.coupon?.cpath,
    ...endorsementKeys(offer.endorsement),
  }
}

/** We name the kinds that we take in the ask: an answer of any other is no answer to it. */
function readKind(dict: Dict): Kind {
  const kind = dict.get('kind')
  if (kind !== 1 && kind !== 2 && kind !== 3 && kind !== 4) throw malformed('kind')
  return kind
}

function readCoupon(dict: Dict, kind: Kind): Offer['coupon'] {
  if (kind !== 1) {
    refuseKeys(dict, 'j', 'cpath')
    return undefined
  }
  return {
    j: readInteger(dict, 'j', COUPON_INDEX),
    cpath: readPath(dict, 'cpath', COUPON_PATH),
  }
}

function readEndorsementOf(dict: Dict, kind: Kind): Endorsement | undefined {
  if (kind === 4) return requireEndorsement(dict)
  if (kind === 3) refuseKeys(dict, 'exp', 'sig')
  return readEndorsement(dict)
}
