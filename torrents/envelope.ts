/**
 * The sealed envelope that carries a wrap to the asking peer alone (docs/protocol.md §7).
 * @module
 */
import { diffieHellman } from 'node:crypto'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, u32 } from '../src/core/bytes.ts'
import { LntError } from '../src/core/errors.ts'
import { publicBytesOf, publicKeyOf, secretKeyOf } from './curve-key.ts'
import { ascii } from './hash.ts'

/** Length of a sealed wrap in bytes: 32 and the tag of 16. */
export const BOX_BYTES = 48

/** One box a key: the nonce may stay zero. */
const NONCE = new Uint8Array(12)

/** What a box is bound to. */
export interface BoxContext {
  readonly span: number
  /** Coupon index, or NO_COUPON: the j of description_hash. */
  readonly j: number
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
}

/** A sealed wrap as an offer carries it. */
export interface SealedWrap {
  /** The seller's fresh X25519 public key, 32 bytes. */
  readonly epk: Uint8Array
  /** {@link BOX_BYTES} bytes. */
  readonly box: Uint8Array
}

/**
 * Seals a wrap for one buyer.
 * @param buyerKey - the asking peer's X25519 public key of this connection, 32 bytes
 * @param freshSecret - 32 random bytes, for this offer only
 * @throws LntError `BAD_PEER` when the buyer's key is a low-order point
 */
export function sealWrap(
  wrap: Uint8Array,
  buyerKey: Uint8Array,
  freshSecret: Uint8Array,
  context: BoxContext,
): SealedWrap {
  const epk = publicBytesOf(secretKeyOf('X25519', freshSecret))
  try {
    const shared = agree(freshSecret, buyerKey)
    const key = boxKey(shared, buyerKey, epk, context.hash)
    return { epk, box: chacha20poly1305(key, NONCE, associated(context)).encrypt(wrap) }
  } catch (cause) {
    throw new LntError({ code: 'BAD_PEER', why: 'key agreement failed' }, { cause })
  }
}

/**
 * Opens a sealed wrap.
 * @param ours - the buyer's X25519 keys of this connection
 * @returns 32 bytes
 * @throws LntError `BAD_OFFER` when the box is not for us, for this hash, or `epk` is a low-order point
 */
export function openWrap(
  { epk, box }: SealedWrap,
  ours: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array },
  context: BoxContext,
): Uint8Array {
  try {
    if (box.length !== BOX_BYTES) throw new RangeError('box length')
    const shared = agree(ours.secretKey, epk)
    const key = boxKey(shared, ours.publicKey, epk, context.hash)
    return chacha20poly1305(key, NONCE, associated(context)).decrypt(box)
  } catch (cause) {
    throw new LntError({ code: 'BAD_OFFER', why: 'box does not open' }, { cause })
  }
}

/** X25519 (RFC 7748 §6.1); OpenSSL refuses a low-order point, whose agreement is all zeros. */
function agree(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return diffieHellman({
    privateKey: secretKeyOf('X25519', secretKey),
    publicKey: publicKeyOf('X25519', publicKey),
  })
}

/** Key of a box, 32 bytes: HKDF-SHA256 of the agreement, bound to both keys and the payment hash. */
function boxKey(
  shared: Uint8Array,
  buyerKey: Uint8Array,
  epk: Uint8Array,
  hash: Uint8Array,
): Uint8Array {
  return hkdf(sha256, shared, concat(buyerKey, epk), concat(ascii('lnt1/seal'), hash), 32)
}

function associated({ span, j, hash }: BoxContext): Uint8Array {
  return concat(u32(span), u32(j), hash)
}
