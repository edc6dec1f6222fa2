import { createHash } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import test from 'tape'
import { fromHex, toHex } from '../../src/core/bytes.ts'
import { isSignedBy, sign } from '../../torrents/ed25519.ts'
import { publisherKey } from '../../torrents/keys.ts'

const seed = new Uint8Array(32).fill(1)
const publicKey = publisherKey(seed)
const message = new TextEncoder().encode('an offer')
const good = sign(message, seed)
/** Order of the base point, RFC 8032 §5.1. */
const L = ed25519.Point.Fn.ORDER

const number = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.toReversed())}`)
const bytes = (value: bigint): Uint8Array =>
  fromHex(value.toString(16).padStart(64, '0')).toReversed()

function challenge(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

test('ed25519: test 1 of RFC 8032 §7.1', (t) => {
  const secret = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
  const pk = fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  const sig = fromHex(
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  )
  t.equal(toHex(sign(new Uint8Array(), secret)), toHex(sig))
  t.ok(isSignedBy(pk, new Uint8Array(), sig))
  t.end()
})

test('ed25519: a signature with S + L is refused', (t) => {
  t.ok(isSignedBy(publicKey, message, good))
  const malleable = new Uint8Array(good)
  malleable.set(bytes(number(good.subarray(32)) + L), 32)
  t.notOk(isSignedBy(publicKey, message, malleable))
  t.end()
})

test('ed25519: points that are not canonical, of small order or wrong length are refused', (t) => {
  const p = 2n ** 255n - 19n
  const weak = [
    bytes(1n), // the identity
    bytes(0n), // order 4
    bytes(p - 1n), // order 2
    bytes(p + 1n), // the identity, not canonical
    bytes(1n).with(31, 0x80), // x = 0 with its sign set
    fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'), // order 8
  ]
  // R = identity, S = 0 is a signature of anything under a key of order 1 where cofactors are forgiven.
  const forged = new Uint8Array(64).with(0, 1)
  for (const key of weak) t.notOk(isSignedBy(key, message, forged), toHex(key))
  t.notOk(isSignedBy(publicKey.subarray(1), message, good))
  t.notOk(isSignedBy(publicKey, message, good.subarray(1)))
  t.notOk(isSignedBy(new Uint8Array(32).fill(0xff), message, good), 'no point at all')
  t.end()
})

test('ed25519: R with a part of small order, right only up to the cofactor, is refused', (t) => {
  const { Point } = ed25519
  const torsion = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
  // Sign with r = 0: R is the torsion point alone, S = k·a, so 8·S·B = 8·R + 8·k·A holds and S·B = R + k·A does not.
  const { scalar } = ed25519.utils.getExtendedPublicKey(seed)
  const R = torsion.toBytes()
  const k = number(challenge(R, publicKey, message)) % L
  const forged = new Uint8Array(64)
  forged.set(R)
  forged.set(bytes((k * scalar) % L), 32)
  t.ok(
    ed25519.verify(forged, message, publicKey, { zip215: true }),
    'the cofactored equation holds',
  )
  t.notOk(isSignedBy(publicKey, message, forged))
  t.end()
})
