import { x25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import test from 'tape'
import { equal, fromHex } from '../../src/core/bytes.ts'
import { openWrap, sealWrap } from '../../torrents/envelope.ts'
import { codeOf } from './thrown.ts'

const context = { span: 8, j: 3, hash: new Uint8Array(32).fill(2) }
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

/** Points of low order, RFC 7748 §6.1 and their twins that are not reduced. */
const LOW = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]

test('envelope: what is sealed for a key opens with it, and with noble as with OpenSSL', (t) => {
  fc.assert(
    fc.property(bytes32, bytes32, bytes32, (secretKey, fresh, wrap) => {
      const publicKey = x25519.getPublicKey(secretKey)
      const sealed = sealWrap(wrap, publicKey, fresh, context)
      const opened = openWrap(sealed, { secretKey, publicKey }, context)
      return equal(opened, wrap) && equal(sealed.epk, x25519.getPublicKey(fresh))
    }),
    { numRuns: 50, seed: 3 },
  )
  t.pass('seed 3')
  t.end()
})

test('envelope: low-order points drop the peer on either side', (t) => {
  const secretKey = new Uint8Array(32).fill(1)
  const ours = { secretKey, publicKey: x25519.getPublicKey(secretKey) }
  const sealed = sealWrap(new Uint8Array(32), ours.publicKey, new Uint8Array(32).fill(4), context)
  for (const text of LOW) {
    const low = fromHex(text)
    t.equal(
      codeOf(() => sealWrap(new Uint8Array(32), low, secretKey, context)),
      'BAD_PEER',
    )
    t.equal(
      codeOf(() => openWrap({ ...sealed, epk: low }, ours, context)),
      'BAD_OFFER',
    )
  }
  t.equal(
    codeOf(() => openWrap({ ...sealed, epk: LOW_CUT }, ours, context)),
    'BAD_OFFER',
  )
  t.equal(
    codeOf(() => openWrap({ ...sealed, box: sealed.box.subarray(1) }, ours, context)),
    'BAD_OFFER',
  )
  t.end()
})

const LOW_CUT = new Uint8Array(31).fill(9)

test('envelope: a box is bound to span, coupon and hash', (t) => {
  const secretKey = new Uint8Array(32).fill(1)
  const ours = { secretKey, publicKey: x25519.getPublicKey(secretKey) }
  const sealed = sealWrap(new Uint8Array(32), ours.publicKey, new Uint8Array(32).fill(4), context)
  for (const other of [{ span: 9 }, { j: 2 }, { hash: new Uint8Array(32) }])
    t.equal(
      codeOf(() => openWrap(sealed, ours, { ...context, ...other })),
      'BAD_OFFER',
    )
  t.end()
})
