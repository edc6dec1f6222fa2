/**
 * Evidence: a lie, for everybody to check (docs/protocol.md §10). A verifier runs the full checks again, but no
 * clock, and believes nothing else.
 * @module
 */
import { equal } from '../src/core/bytes.ts'
import { hasCode, LntError } from '../src/core/errors.ts'
import { isLeaf, isUnder, pieceLength } from '../src/core/geometry.ts'
import { type Endorsement, NO_COUPON, type RecordProof } from '../src/core/purchase.ts'
import { foldCoupon, isCoupon, paymentHash, unwrap } from './coupons.ts'
import { checkSignatures, descriptionHash } from './endorse.ts'
import { sha1 } from './hash.ts'
import type { SealedTorrent } from './info.ts'
import { keyCommitment, keyOf } from './keys.ts'
import { HASH_BYTES } from './merkle.ts'
import { openPiece } from './open.ts'
import { verifyRecord } from './record.ts'

/** What every form holds. */
interface AboutSpan {
  readonly span: number
  readonly record: RecordProof
}

/** A preimage that was paid for, and the wrap that it was to open, 32 bytes each. */
interface Sold {
  readonly wrap: Uint8Array
  readonly preimage: Uint8Array
}

/** The publisher's coupon does not open the span. */
export type CouponEvidence = AboutSpan &
  Sold & { readonly form: 'coupon'; readonly j: number; readonly cpath: Uint8Array }

/** What the publisher or a delegate endorsed does not open the span. */
export type EndorsedEvidence = AboutSpan &
  Sold & {
    readonly form: 'endorsed'
    readonly nonce: Uint8Array
    readonly endorsement: Endorsement
  }

/** What a node sold in its own name does not open the span. */
export type SignedEvidence = AboutSpan &
  Sold & { readonly form: 'signed'; readonly invoice: string }

/** A right key gives a descendant another key than the descendant's own record says. */
export type KeysEvidence = AboutSpan & {
  readonly form: 'keys'
  readonly key: Uint8Array
  readonly descendant: AboutSpan
}

/** A right key does not give the plaintext of the piece. */
export type PlaintextEvidence = AboutSpan & { readonly form: 'plaintext'; readonly key: Uint8Array }

/** A key in the info dict's `free` is wrong. */
export type FreeEvidence = AboutSpan & { readonly form: 'free' }

/** One proof of a lie. An evidence message of the wire is one. */
export type Evidence =
  | CouponEvidence
  | EndorsedEvidence
  | SignedEvidence
  | KeysEvidence
  | PlaintextEvidence
  | FreeEvidence

/** Who lied. */
export type Conviction =
  /** The publisher's key, 32 bytes. */
  | { readonly convicts: 'publisher'; readonly pk: Uint8Array }
  /** The delegate's key, 32 bytes. */
  | { readonly convicts: 'delegate'; readonly dk: Uint8Array }
  /** The Lightning node that sold, 33 bytes. */
  | { readonly convicts: 'node'; readonly node: Uint8Array }

/** What a BOLT 11 invoice says; src/wallet/invoice.ts reads it. */
export interface ReadInvoice {
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
  /** 32 bytes. */
  readonly descriptionHash: Uint8Array
  /** Node that signed, 33 bytes. */
  readonly payee: Uint8Array
}

/** What a check takes from outside the evidence. */
export interface EvidenceSources {
  /** The ciphertext piece of a leaf span, for the form `plaintext`: our own verified copy, or the file's. */
  readonly piece?: Uint8Array
  /** Reads and checks an invoice with its signature; throws when it is not one we accept. */
  readonly readInvoice: (invoice: string) => ReadInvoice
}

/**
 * Judges evidence.
 * @returns who lied; undefined when it cannot be judged here: the piece is not there
 * @throws {@link LntError} `BAD_PROOF` when it proves nothing, whatever it holds
 */
export function checkEvidence(
  torrent: SealedTorrent,
  evidence: Evidence,
  sources: EvidenceSources,
): Conviction | undefined {
  verifyRecord(torrent, evidence.span, evidence.record)
  switch (evidence.form) {
    case 'coupon':
      return checkCoupon(torrent, evidence)
    case 'endorsed':
      return checkEndorsed(torrent, evidence)
    case 'signed':
      return checkSigned(torrent, evidence, sources)
    case 'keys':
      return checkKeys(torrent, evidence)
    case 'plaintext':
      return checkPlaintext(torrent, evidence, sources)
    case 'free':
      return checkFree(torrent, evidence)
  }
}

function checkCoupon(torrent: SealedTorrent, evidence: CouponEvidence): Conviction {
  const { span, j, wrap, preimage, cpath, record } = evidence
  checkSold(evidence)
  if (!isCoupon(torrent.c, j)) throw nothing('no such coupon')
  if (cpath.length !== HASH_BYTES * torrent.c) throw nothing('coupon path length')
  // Without the path anybody could make up w and p and frame an honest publisher.
  const cv = foldCoupon({ span, j, hash: paymentHash(preimage), wrap }, cpath)
  if (!equal(cv, record.cv)) throw nothing('coupon path')
  return publisher(torrent)
}

function checkEndorsed(torrent: SealedTorrent, evidence: EndorsedEvidence): Conviction {
  const { span, wrap, preimage, nonce, endorsement } = evidence
  checkSold(evidence)
  if (nonce.length !== HASH_BYTES) throw nothing('nonce')
  const about = { infoSha256: torrent.infoSha256, kind: 4, span, j: NO_COUPON, wrap } as const
  const described = { descriptionHash: descriptionHash(about), hash: paymentHash(preimage), nonce }
  const signer = orNothing(() =>
    checkSignatures(torrent, { kind: 4, j: NO_COUPON, ...described }, endorsement),
  )
  if (endorsement.delegate === undefined) return publisher(torrent)
  return { convicts: 'delegate', dk: signer }
}

function checkSigned(
  torrent: SealedTorrent,
  evidence: SignedEvidence,
  { readInvoice }: EvidenceSources,
): Conviction {
  const { span, wrap, preimage, invoice } = evidence
  checkSold(evidence)
  const read = orNothing(() => readInvoice(invoice))
  const about = { infoSha256: torrent.infoSha256, kind: 3, span, j: NO_COUPON, wrap } as const
  if (!equal(read.hash, paymentHash(preimage))) throw nothing('payment hash')
  if (!equal(read.descriptionHash, descriptionHash(about))) throw nothing('description hash')
  return { convicts: 'node', node: read.payee }
}

function checkKeys(torrent: SealedTorrent, evidence: KeysEvidence): Conviction {
  const { span, key, descendant } = evidence
  checkKeyOf(evidence)
  verifyRecord(torrent, descendant.span, descendant.record)
  if (descendant.span === span || !isUnder(descendant.span, span)) throw nothing('no descendant')
  const derived = keyOf({ span, key }, descendant.span)
  if (equal(keyCommitment(derived), descendant.record.kc)) throw nothing('the key is right')
  return publisher(torrent)
}

function checkPlaintext(
  torrent: SealedTorrent,
  evidence: PlaintextEvidence,
  { piece }: EvidenceSources,
): Conviction | undefined {
  const { span, key, record } = evidence
  if (!isLeaf(torrent.pieces, span)) throw nothing('not a single piece')
  checkKeyOf(evidence)
  if (piece === undefined) return undefined
  checkPiece(torrent, span, piece)
  try {
    openPiece(record.pt, { span, key }, piece)
  } catch (err) {
    if (!hasCode(err, 'BAD_KEY')) throw err
    return publisher(torrent)
  }
  throw nothing('the plaintext is right')
}

/** A piece from a file is only as good as its hash in the info dict. */
function checkPiece(torrent: SealedTorrent, span: number, piece: Uint8Array): void {
  const { pieces, pieceHashes, totalBytes, pieceBytes } = torrent
  const index = span - 2 ** (31 - Math.clz32(span))
  const hash = pieceHashes.subarray(20 * index, 20 * (index + 1))
  if (index >= pieces || piece.length !== pieceLength(totalBytes, pieceBytes, index))
    throw nothing('piece length')
  if (!equal(sha1(piece), hash)) throw nothing('piece hash')
}

function checkFree(torrent: SealedTorrent, { span, record }: FreeEvidence): Conviction {
  const given = torrent.free.find((free) => free.span === span)
  if (given === undefined) throw nothing('not a free span')
  if (equal(keyCommitment(given.key), record.kc)) throw nothing('the key is right')
  return publisher(torrent)
}

/** H(p) is the hash by construction; what is left is that w and p do not give the span's key. */
function checkSold({ wrap, preimage, record }: AboutSpan & Sold): void {
  if (wrap.length !== HASH_BYTES || preimage.length !== HASH_BYTES) throw nothing('length')
  if (equal(keyCommitment(unwrap(wrap, preimage)), record.kc)) throw nothing('the key is right')
}

function checkKeyOf({ key, record }: AboutSpan & { readonly key: Uint8Array }): void {
  if (key.length !== HASH_BYTES || !equal(keyCommitment(key), record.kc))
    throw nothing('not the key of the span')
}

function orNothing<T>(check: () => T): T {
  try {
    return check()
  } catch (cause) {
    throw nothing('refused', cause)
  }
}

function publisher({ pk }: SealedTorrent): Conviction {
  return { convicts: 'publisher', pk }
}

function nothing(why: string, cause?: unknown): LntError {
  return new LntError({ code: 'BAD_PROOF', why }, { cause })
}
