/**
 * Raw 32-byte keys of Curve25519 as node:crypto wants them (RFC 8410). OpenSSL signs and agrees five to eight
 * times faster than noble: 0.2 ms where an offer would cost 3.
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { base64urlnopad } from '@scure/base'
import { concat } from '../src/core/bytes.ts'

/** The two uses of the curve. */
export type Curve = 'Ed25519' | 'X25519'

/** PKCS #8 up to the 32 bytes of the key: RFC 8410 §7, with the last byte of the curve's OID. */
const PKCS8: Readonly<Record<Curve, Uint8Array>> = {
  Ed25519: pkcs8(0x70),
  X25519: pkcs8(0x6e),
}

function pkcs8(oid: number): Uint8Array {
  return Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, oid, 4, 0x22, 4, 0x20)
}

/** A secret key (Ed25519: the seed) from its 32 bytes. */
export function secretKeyOf(curve: Curve, bytes: Uint8Array): KeyObject {
  const key = Buffer.from(concat(PKCS8[curve], bytes))
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

/** A public key from its 32 bytes. */
export function publicKeyOf(curve: Curve, bytes: Uint8Array): KeyObject {
  const key = { kty: 'OKP', crv: curve, x: base64urlnopad.encode(bytes) }
  return createPublicKey({ key, format: 'jwk' })
}

/** The 32 bytes of the public key that belongs to a secret one. */
export function publicBytesOf(secret: KeyObject): Uint8Array {
  const { x = '' } = createPublicKey(secret).export({ format: 'jwk' })
  return base64urlnopad.decode(x)
}
