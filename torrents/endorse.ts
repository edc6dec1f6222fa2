/**
 * The publisher's word for one offer, and a delegate's right to give it (docs/protocol.md §7).
 * @module
 */
import { concat, u8, u32, u64 } from '../src/core/bytes.ts'
import { LntError } from '../src/core/errors.ts'
import { isUnder } from '../src/core/geometry.ts'
import type { Certificate, Endorsement, Kind } from '../src/core/purchase.ts'
import { isCouponNode } from './coupons.ts'
import { isSignedBy, sign } from './ed25519.ts'
import { ascii, T } from './hash.ts'

/** Most seconds that an endorsement may still have to run (docs/protocol.md §7). */
export const MAX_ENDORSED_SECONDS = 3_600

/** Seconds that an endorsement outlives its offer's ttl (docs/protocol.md §7). */
export const ENDORSEMENT_GRACE_SECONDS = 120

/** What description_hash binds an invoice to. */
export interface Described {
  /** SHA-256 of the raw info dict, 32 bytes. */
  readonly infoSha256: Uint8Array
  readonly kind: Kind
  readonly span: number
  /** Coupon index, or NO_COUPON. */
  readonly j: number
  /** 32 bytes. */
  readonly wrap: Uint8Array
}

/** What an endorsement is about. */
export interface Endorsed {
  readonly kind: Kind
  /** Coupon index, or NO_COUPON. */
  readonly j: number
  /** 32 bytes. */
  readonly descriptionHash: Uint8Array
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
  /** Of the final buyer's ask, 32 bytes. */
  readonly nonce: Uint8Array
}

/** Whose word counts for a torrent. */
export interface Publisher {
  /** SHA-256 of the raw info dict, 32 bytes. */
  readonly infoSha256: Uint8Array
  /** Ed25519 public key, 32 bytes. */
  readonly pk: Uint8Array
  /** log2 of the coupons per span. */
  readonly c: number
}

/** description_hash of an offer's invoice, 32 bytes. */
export function descriptionHash({ infoSha256, kind, span, j, wrap }: Described): Uint8Array {
  return T('lnt1/quo', infoSha256, u8(kind), u32(span), u32(j), wrap)
}

/** The bytes that an endorsement signs. */
export function endorsementMessage(
  { descriptionHash: described, hash, nonce }: Omit<Endorsed, 'kind' | 'j'>,
  exp: number,
): Uint8Array {
  return concat(ascii('lnt1/end'), described, hash, nonce, u64(exp))
}

/**
 * Endorses an offer, as the publisher or as a delegate.
 * @param seed - the publisher's, or the delegate's own, 32 bytes
 * @param exp - unix seconds: now + ttl + {@link ENDORSEMENT_GRACE_SECONDS}
 */
export function signEndorsement(
  seed: Uint8Array,
  offer: Omit<Endorsed, 'kind' | 'j'>,
  exp: number,
  delegate?: Certificate,
): Endorsement {
  const sig = sign(endorsementMessage(offer, exp), seed)
  return delegate === undefined ? { exp, sig } : { exp, sig, delegate }
}

/** The bytes that a certificate signs. */
export function certificateMessage(
  infoSha256: Uint8Array,
  { x, dk, certExp }: Omit<Certificate, 'cert'>,
): Uint8Array {
  return concat(ascii('lnt1/dlg'), infoSha256, u32(x), dk, u64(certExp))
}

/** Lets a delegate endorse offers for the coupons under x, and of kind 4, until certExp. */
export function signCertificate(
  publisher: Uint8Array,
  infoSha256: Uint8Array,
  { x, dk, certExp }: Omit<Certificate, 'cert'>,
): Certificate {
  const cert = sign(certificateMessage(infoSha256, { x, dk, certExp }), publisher)
  return { x, dk, certExp, cert }
}

/**
 * Checks an endorsement with its certificate and both clocks.
 * @param nowSeconds - unix seconds
 * @throws {@link LntError} `BAD_OFFER`
 */
export function checkEndorsement(
  publisher: Publisher,
  offer: Endorsed,
  endorsement: Endorsement,
  nowSeconds: number,
): void {
  const { exp, delegate } = endorsement
  if (exp <= nowSeconds) throw bad('endorsement expired')
  if (exp > nowSeconds + MAX_ENDORSED_SECONDS) throw bad('endorsement too long')
  if (delegate !== undefined && delegate.certExp <= nowSeconds) throw bad('certificate expired')
  checkSignatures(publisher, offer, endorsement)
}

/**
 * Checks an endorsement with its certificate, without a clock: what evidence needs (docs/protocol.md §10).
 * @returns the key that gave its word, 32 bytes: the publisher's or the delegate's
 * @throws {@link LntError} `BAD_OFFER`
 */
export function checkSignatures(
  { infoSha256, pk, c }: Publisher,
  offer: Endorsed,
  { exp, sig, delegate }: Endorsement,
): Uint8Array {
  if (!isTime(exp)) throw bad('exp')
  if (delegate !== undefined) {
    if (!isTime(delegate.certExp)) throw bad('cexp')
    if (!mayEndorse(c, delegate.x, offer)) throw bad('coupon outside the certificate')
    if (!isSignedBy(pk, certificateMessage(infoSha256, delegate), delegate.cert))
      throw bad('certificate signature')
  }
  const signer = delegate?.dk ?? pk
  if (!isSignedBy(signer, endorsementMessage(offer, exp), sig)) throw bad('endorsement signature')
  return signer
}

/** x is an ancestor of (or equal to) 2^c + j for kind 1, any node of the heap for kind 4. */
function mayEndorse(c: number, x: number, { kind, j }: Endorsed): boolean {
  return isCouponNode(c, x) && (kind !== 1 || isUnder(2 ** c + j, x))
}

function isTime(seconds: number): boolean {
  return Number.isSafeInteger(seconds) && seconds >= 0
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_OFFER', why })
}
