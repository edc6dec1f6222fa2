/**
 * What makes an offer worth paying, as far as the torrent alone can say (docs/protocol.md §7, before paying).
 * @module
 */
import { equal } from '../src/core/bytes.ts'
import { LntError } from '../src/core/errors.ts'
import { type Endorsement, type Kind, NO_COUPON, type RecordProof } from '../src/core/purchase.ts'
import { foldCoupon, isCoupon } from './coupons.ts'
import { checkEndorsement, descriptionHash, type Publisher } from './endorse.ts'
import { openWrap, type SealedWrap } from './envelope.ts'
import { HASH_BYTES } from './merkle.ts'
import { type RecordRoot, verifyRecord } from './record.ts'

/** What offers are checked against. */
export type OfferTorrent = RecordRoot & Publisher

/** The part of an offer that proves something. An offer message is one. */
export interface OfferProof extends SealedWrap {
  readonly span: number
  readonly kind: Kind
  readonly record: RecordProof
  /** Exactly for kind 1. */
  readonly coupon?: { readonly j: number; readonly cpath: Uint8Array }
  /** Required for kind 4, absent for kind 3. */
  readonly endorsement?: Endorsement
}

/** What the offer has to fit. */
export interface OfferContext {
  /** Payment hash of the offer's invoice, 32 bytes. */
  readonly hash: Uint8Array
  /** BOLT 11 `h` of the offer's invoice, 32 bytes. */
  readonly descriptionHash: Uint8Array
  /** Of the ask, 32 bytes. */
  readonly nonce: Uint8Array
  /** Our X25519 keys of the connection, 32 bytes each. */
  readonly ours: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array }
  /** Unix seconds. */
  readonly nowSeconds: number
  /** Take kind 1 without an endorsement (`--unendorsed`). */
  readonly allowUnendorsed?: boolean
}

/** What a proven offer gives: the rest of it is in the journal row (docs/protocol.md §9). */
export interface ProvenOffer {
  /** The opened wrap, 32 bytes. */
  readonly wrap: Uint8Array
  /** Coupon index, or NO_COUPON. */
  readonly j: number
  /** 32·c bytes; empty but for kind 1. */
  readonly cpath: Uint8Array
}

/**
 * Checks all of an offer that needs neither wallet nor budget: lengths, the record's path, the box, the
 * coupon's path, description_hash, endorsement and certificate. Every forwarder checks the same.
 * @throws LntError `BAD_OFFER`: the peer is dropped, nothing was paid
 */
export function checkOfferProof(
  torrent: OfferTorrent,
  offer: OfferProof,
  context: OfferContext,
): ProvenOffer {
  const { span, kind, coupon, endorsement } = offer
  checkKind(offer, context)
  checkLengths(torrent.c, offer, context)
  checkRecord(torrent, offer)

  const { hash, nonce } = context
  const j = coupon?.j ?? NO_COUPON
  const wrap = openWrap(offer, context.ours, { span, j, hash })
  if (coupon !== undefined) {
    const cv = foldCoupon({ span, j, hash, wrap }, coupon.cpath)
    if (!equal(cv, offer.record.cv)) throw bad('coupon path')
  }
  const described = descriptionHash({ infoSha256: torrent.infoSha256, kind, span, j, wrap })
  if (!equal(described, context.descriptionHash)) throw bad('description hash')
  if (endorsement !== undefined)
    checkEndorsement(
      torrent,
      { kind, j, descriptionHash: described, hash, nonce },
      endorsement,
      context.nowSeconds,
    )
  return { wrap, j, cpath: coupon?.cpath ?? new Uint8Array() }
}

/** Which parts a kind must and must not have. */
function checkKind({ kind, coupon, endorsement }: OfferProof, context: OfferContext): void {
  if (kind !== 1 && kind !== 3 && kind !== 4) throw bad(`kind ${kind}`)
  if ((kind === 1) !== (coupon !== undefined)) throw bad('coupon')
  if (kind === 3) {
    if (endorsement !== undefined) throw bad('endorsement')
    return
  }
  // Money-safe without it, but then any earlier buyer of that coupon can sell it (docs/protocol.md §7).
  const mayLack = kind === 1 && context.allowUnendorsed === true
  if (endorsement === undefined && !mayLack) throw bad('endorsement')
}

function checkLengths(c: number, { coupon }: OfferProof, context: OfferContext): void {
  for (const part of [context.hash, context.descriptionHash, context.nonce])
    if (part.length !== HASH_BYTES) throw bad('length')
  if (coupon === undefined) return
  if (!isCoupon(c, coupon.j)) throw bad('no such coupon')
  if (coupon.cpath.length !== HASH_BYTES * c) throw bad('coupon path length')
}

function checkRecord(torrent: OfferTorrent, { span, record }: OfferProof): void {
  try {
    verifyRecord(torrent, span, record)
  } catch (cause) {
    throw bad('record', cause)
  }
}

function bad(why: string, cause?: unknown): LntError {
  return new LntError({ code: 'BAD_OFFER', why }, { cause })
}
