/**
 * Ed25519 exactly as docs/protocol.md §7 has it: RFC 8032 §5.1.7 without cofactor, S < L, canonical points.
 * Every verifier must answer alike, or evidence that convicts for one is nothing for another.
 * @module
 */
import { sign as signWith, verify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { publicKeyOf, secretKeyOf } from './curve-key.ts'

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64

/**
 * Signs (deterministic, RFC 8032 §5.1.6).
 * @param seed - 32 bytes
 * @returns 64 bytes
 */
export function sign(message: Uint8Array, seed: Uint8Array): Uint8Array {
  return signWith(null, message, secretKeyOf('Ed25519', seed))
}

/**
 * Whether a signature is right. OpenSSL computes without cofactor, compares R bytewise (so only a canonical
 * one passes) and refuses S ≥ L, but takes a public key that is not canonical; noble is strict on points but
 * multiplies by the cofactor. So noble judges the public key, OpenSSL the signature.
 * @param publicKey - 32 bytes; false when it is not a canonical point, or of small order
 * @param signature - 64 bytes
 */
export function isSignedBy(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
  if (!isStrictPoint(publicKey)) return false
  return verify(null, message, publicKeyOf('Ed25519', publicKey), signature)
}

function isStrictPoint(publicKey: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(publicKey, false).isSmallOrder()
  } catch {
    return false
  }
}
