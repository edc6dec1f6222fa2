import test from 'tape'
import { concat, equal, toHex, xor } from '../../src/core/bytes.ts'
import { covers, exists, leafOf } from '../../src/core/geometry.ts'
import { NO_COUPON } from '../../src/core/purchase.ts'
import { applyCipher } from '../../torrents/cipher.ts'
import {
  CouponSeeds,
  couponLeaf,
  couponTree,
  foldCoupon,
  paymentHash,
  unwrap,
  wrap,
} from '../../torrents/coupons.ts'
import {
  certificateMessage,
  checkEndorsement,
  descriptionHash,
  endorsementMessage,
  signCertificate,
  signEndorsement,
} from '../../torrents/endorse.ts'
import { openWrap, sealWrap } from '../../torrents/envelope.ts'
import { sha256 } from '../../torrents/hash.ts'
import { parseInfo } from '../../torrents/info.ts'
import {
  cipherKey,
  keyCommitment,
  keyOf,
  plaintextCommitment,
  plaintextKey,
  publisherKey,
  publisherSeed,
  rootKey,
  saltOf,
} from '../../torrents/keys.ts'
import { RecordBook, recordLeaf, recordTable, rowOf, verifyRecord } from '../../torrents/records.ts'
import { at, bytes, number } from './vectors.ts'

const PIECES = 5
const master = bytes('v1_keys.master')
const salt = bytes('v1_keys.salt')
const root = { span: 1, key: rootKey(master, salt) }
const seeds = CouponSeeds.ofMaster(master, salt, 2)
const info = parseInfo(bytes('v4_record.info'))
const plain = bytes('v2_pieces.plain')
const key = (span: number): Uint8Array => keyOf(root, span)

test('vectors v1: salt, key tree, derived keys, commitments', (t) => {
  t.equal(
    toHex(
      saltOf(master, {
        pieces: 5,
        totalBytes: plain.length,
        pieceBytes: 16,
        plaintextHash: sha256(plain),
      }),
    ),
    at('v1_keys.salt'),
  )
  for (const span of [1, 2, 8, 12]) t.equal(toHex(key(span)), at(`v1_keys.S${span}`))
  t.equal(toHex(cipherKey(key(8))), at('v1_keys.enc0'))
  t.equal(toHex(plaintextKey(key(8))), at('v1_keys.ptk0'))
  t.equal(toHex(keyCommitment(key(1))), at('v1_keys.kc1'))
  t.equal(toHex(keyCommitment(key(8))), at('v1_keys.kc8'))
  t.end()
})

test('vectors v2: ciphertext, plaintext commitments, existing spans', (t) => {
  const pieces = [0, 1, 2, 3, 4].map((i) =>
    applyCipher(cipherKey(key(leafOf(PIECES, i))), plain.subarray(16 * i, 16 * (i + 1))),
  )
  t.equal(toHex(concat(...pieces)), at('v2_pieces.cipher'))
  t.equal(toHex(plaintextCommitment(key(8), plain.subarray(0, 16))), at('v2_pieces.pt0'))
  t.equal(toHex(plaintextCommitment(key(12), plain.subarray(64))), at('v2_pieces.pt4'))
  const spans = Array.from({ length: 20 }, (_, v) => v).filter((v) => exists(PIECES, v))
  t.deepEqual(spans, at('v2_pieces.existing_nodes'))
  t.deepEqual(covers(PIECES, 3), at('v2_pieces.span3'))
  t.end()
})

test('vectors v3: coupon seeds, delegation, leaf, tree and path', (t) => {
  t.equal(toHex(seeds.delegate(1)), at('v3_coupon.couponRoot'))
  t.equal(toHex(seeds.delegate(3)), at('v3_coupon.range_2_3'))
  t.equal(toHex(seeds.delegate(7)), at('v3_coupon.sigma3'))
  const p = seeds.preimage(8, 3)
  t.equal(toHex(p), at('v3_coupon.p'))
  const hash = paymentHash(p)
  t.equal(toHex(hash), at('v3_coupon.h'))
  const w = wrap(key(8), p)
  t.equal(toHex(w), at('v3_coupon.w'))
  t.equal(toHex(couponLeaf({ span: 8, j: 3, hash, wrap: w })), at('v3_coupon.leaf'))
  const tree = couponTree(seeds, 8, key(8))
  t.equal(toHex(tree.cv), at('v3_coupon.cv'))
  t.equal(toHex(tree.path(3)), at('v3_coupon.cpath'))
  t.equal(toHex(foldCoupon({ span: 8, j: 3, hash, wrap: w }, tree.path(3))), at('v3_coupon.cv'))
  const partner = CouponSeeds.delegated(2, 3, seeds.delegate(3))
  t.deepEqual(
    [0, 1, 2, 3].map((j) => partner.holds(j)),
    [false, false, true, true],
  )
  const theirs = couponTree(partner, 8, key(8), tree.above(3))
  t.equal(toHex(theirs.cv), at('v3_coupon.cv'), 'a delegate makes the same tree from its part')
  t.equal(toHex(theirs.path(3)), at('v3_coupon.cpath'))
  t.end()
})

test('vectors v4: records, their tree, the info dict and its hashes', (t) => {
  const rows = bytes('v8_rows.0.rows')
  const record = (span: number) => {
    const isLeaf = span >= 8
    const piece = plain.subarray(16 * (span - 8), 16 * (span - 7))
    return {
      kc: keyCommitment(key(span)),
      pt: isLeaf ? plaintextCommitment(key(span), piece) : new Uint8Array(32),
      cv: couponTree(seeds, span, key(span)).cv,
    }
  }
  const all = new Uint8Array(96 * 16)
  for (let span = 1; span < 16; span++)
    if (exists(PIECES, span)) all.set(rowOf(record(span)), 96 * span)
  t.deepEqual(all.subarray(96 * 8), rows, 'rows of the leaves')
  const table = recordTable(all, PIECES)
  t.equal(toHex(table.root), at('v4_record.root'))
  for (const span of [8, 2])
    t.equal(toHex(recordLeaf(PIECES, span, rowOf(record(span)))), at(`v4_record.rec${span}`))
  t.equal(toHex(table.get(8)?.rpath ?? plain), at('v4_record.rpath8'))
  verifyRecord(info, 8, { ...record(8), rpath: bytes('v4_record.rpath8') })

  t.equal(toHex(info.infoHash), at('v4_record.infohash_v1'))
  t.equal(toHex(info.infoSha256), at('v4_record.info_sha256'))
  t.equal(toHex(info.root), at('v4_record.root'))
  t.deepEqual([info.name, info.pieces, info.c, info.pieceBytes], ['fox', 5, 2, 16])
  t.end()
})

test('vectors v5: a bundle by coupon, a fresh hash of kinds 3 and 4, and of kind 2', (t) => {
  const p = seeds.preimage(2, 0)
  t.equal(toHex(p), at('v5_sales.bundle.preimage'))
  t.equal(toHex(paymentHash(p)), at('v5_sales.bundle.paymentHash'))
  t.equal(toHex(wrap(key(2), p)), at('v5_sales.bundle.w'))
  const opened = unwrap(bytes('v5_sales.bundle.w'), bytes('v5_sales.bundle.preimage'))
  t.equal(toHex(opened), at('v5_sales.bundle.seed'))
  const leaves = [8, 9, 10, 11].map((span) => toHex(keyOf({ span: 2, key: opened }, span)))
  t.deepEqual(leaves, at('v5_sales.bundle.leafSeeds'))

  const fresh = bytes('v5_sales.fresh_kinds_3_and_4.p')
  t.equal(toHex(paymentHash(fresh)), at('v5_sales.fresh_kinds_3_and_4.h'))
  t.equal(toHex(wrap(key(8), fresh)), at('v5_sales.fresh_kinds_3_and_4.w'))
  t.equal(toHex(xor(key(8), fresh)), at('v5_sales.fresh_kind_2.w'))
  t.end()
})

test('vectors v6: the sealed wrap', (t) => {
  const wrapped = bytes('v3_coupon.w')
  const context = { span: 8, j: 3, hash: bytes('v3_coupon.h') }
  const publicKey = bytes('v6_envelope.buyerPub')
  const sealed = sealWrap(wrapped, publicKey, bytes('v6_envelope.sellerPriv'), context)
  t.equal(toHex(sealed.epk), at('v6_envelope.sellerPub'))
  t.equal(toHex(sealed.box), at('v6_envelope.box'))
  const ours = { secretKey: bytes('v6_envelope.buyerPriv'), publicKey }
  t.ok(equal(openWrap(sealed, ours, context), wrapped))
  const described = { infoSha256: info.infoSha256, kind: 1, span: 8, j: 3, wrap: wrapped } as const
  t.equal(toHex(descriptionHash(described)), at('v6_envelope.descriptionHash'))
  t.end()
})

test('vectors v7: endorsements of kinds 1 and 4, and a delegate', (t) => {
  const seed = publisherSeed(master)
  t.equal(toHex(seed), at('v7_endorsement.pkSeed'))
  t.equal(toHex(publisherKey(seed)), at('v7_endorsement.pk'))
  t.equal(toHex(publisherSeed(master, salt)), at('v7_endorsement.anonymousSeed'))
  const nonce = bytes('v7_endorsement.nonce')
  const exp = number('v7_endorsement.exp')
  for (const [kind, j] of [
    [1, 3],
    [4, NO_COUPON],
  ] as const) {
    const hash = bytes(`v7_endorsement.kind${kind}.h`)
    const wrapped = kind === 1 ? bytes('v3_coupon.w') : bytes('v5_sales.fresh_kinds_3_and_4.w')
    const described = descriptionHash({
      infoSha256: info.infoSha256,
      kind,
      span: 8,
      j,
      wrap: wrapped,
    })
    t.equal(toHex(described), at(`v7_endorsement.kind${kind}.descriptionHash`))
    const offer = { kind, j, descriptionHash: described, hash, nonce }
    t.equal(toHex(endorsementMessage(offer, exp)), at(`v7_endorsement.kind${kind}.message`))
    const signed = signEndorsement(seed, offer, exp)
    t.equal(toHex(signed.sig), at(`v7_endorsement.kind${kind}.sig`))
    checkEndorsement(info, offer, signed, exp - 60)
  }
  const dkSeed = bytes('v7_endorsement.delegate.dkSeed')
  const wanted = {
    x: number('v7_endorsement.delegate.x'),
    dk: publisherKey(dkSeed),
    certExp: number('v7_endorsement.delegate.certExp'),
  }
  t.equal(toHex(wanted.dk), at('v7_endorsement.delegate.dk'))
  t.equal(
    toHex(certificateMessage(info.infoSha256, wanted)),
    at('v7_endorsement.delegate.certMessage'),
  )
  const cert = signCertificate(seed, info.infoSha256, wanted)
  t.equal(toHex(cert.cert), at('v7_endorsement.delegate.cert'))
  const offer = {
    kind: 1,
    j: 3,
    descriptionHash: bytes('v7_endorsement.kind1.descriptionHash'),
    hash: bytes('v7_endorsement.kind1.h'),
    nonce,
  } as const
  const byDelegate = signEndorsement(dkSeed, offer, exp, cert)
  t.equal(toHex(byDelegate.sig), at('v7_endorsement.delegate.sigKind1ByDelegate'))
  checkEndorsement(info, offer, byDelegate, exp - 60)
  t.end()
})

test('vectors v8: runs of record rows', (t) => {
  for (const i of [0, 1, 2, 3, 4]) {
    const book = new RecordBook(info)
    const span = number(`v8_rows.${i}.v`)
    const level = number(`v8_rows.${i}.level`)
    book.add(span, level, bytes(`v8_rows.${i}.rows`), bytes(`v8_rows.${i}.rpath`))
    const run = book.run(span, level)
    t.equal(run && toHex(run.rows), at(`v8_rows.${i}.rows`))
    t.equal(run && toHex(run.rpath), at(`v8_rows.${i}.rpath`), 'the book can serve it on')
  }
  t.end()
})
