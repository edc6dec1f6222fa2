import fc from 'fast-check'
import test from 'tape'
import { equal, toHex } from '../../src/core/bytes.ts'
import { isUnder } from '../../src/core/geometry.ts'
import { CouponRoots } from '../../torrents/coupon-roots.ts'
import {
  CouponSeeds,
  couponTree,
  foldCoupon,
  paymentHash,
  unwrap,
  wrap,
} from '../../torrents/coupons.ts'
import { loadFastHash, prf, sha256 } from '../../torrents/hash.ts'
import { KeyWalk } from '../../torrents/key-walk.ts'
import { keyOf } from '../../torrents/keys.ts'
import { codeOf } from './thrown.ts'

const master = new Uint8Array(32).fill(1)
const salt = new Uint8Array(32).fill(2)
const key = new Uint8Array(32).fill(3)

test('coupons: every coupon of every delegate folds to the publisher’s cv', (t) => {
  for (const c of [0, 1, 2, 5]) {
    const all = CouponSeeds.ofMaster(master, salt, c)
    const whole = couponTree(all, 7, key)
    t.equal(toHex(new CouponRoots(all).root(7, key)), toHex(whole.cv), `c = ${c} in bulk`)
    for (let x = 1; x < 2 ** (c + 1); x++) {
      const part = CouponSeeds.delegated(c, x, all.delegate(x))
      const tree = couponTree(part, 7, key, whole.above(x))
      if (!equal(tree.cv, whole.cv)) t.fail(`cv of ${x}`)
      for (let j = part.range.first; j <= part.range.last; j++) {
        if (!part.holds(j)) t.fail(`${x} holds ${j}`)
        const preimage = part.preimage(7, j)
        const coupon = { span: 7, j, hash: paymentHash(preimage), wrap: wrap(key, preimage) }
        if (!equal(foldCoupon(coupon, tree.path(j)), whole.cv)) t.fail(`${x}: ${j}`)
        if (!equal(unwrap(coupon.wrap, preimage), key)) t.fail('unwrap')
      }
    }
  }
  t.end()
})

test('coupons: a range holds what lies under its node and gives nothing else away', (t) => {
  const all = CouponSeeds.ofMaster(master, salt, 4)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 31 }), fc.integer({ min: -3, max: 20 }), (x, j) => {
      const part = CouponSeeds.delegated(4, x, all.delegate(x))
      const held = j >= 0 && j < 16 && isUnder(16 + j, x)
      const given = codeOf(() => part.preimage(1, j)) === undefined
      return part.holds(j) === held && given === held
    }),
    { seed: 2 },
  )
  t.ok(codeOf(() => CouponSeeds.delegated(4, 32, key)) instanceof RangeError)
  t.end()
})

test('keys: a walk gives the keys that the tree gives, in any order', (t) => {
  const root = { span: 1, key }
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2 ** 19 - 1 }), { maxLength: 30 }), (spans) => {
      const walk = new KeyWalk(root)
      return spans.every((span) => equal(walk.key(span), keyOf(root, span)))
    }),
    { seed: 4, numRuns: 30 },
  )
  t.ok(codeOf(() => keyOf({ span: 2, key }, 3)) instanceof RangeError, 'a cousin has no key')
  t.ok(codeOf(() => new KeyWalk({ span: 2, key }).key(3)) instanceof RangeError)
  t.end()
})

test('hash: the fast hash changes no result, and long inputs none either', async (t) => {
  const parts = [new Uint8Array(40).fill(1), new Uint8Array(2_000).fill(2), new Uint8Array(5)]
  const before = [sha256(...parts), sha256(), prf(key, ...parts), sha256(parts[0] ?? key)]
  await loadFastHash()
  const after = [sha256(...parts), sha256(), prf(key, ...parts), sha256(parts[0] ?? key)]
  t.deepEqual(after.map(toHex), before.map(toHex))
  t.equal(toHex(after[1] ?? key).slice(0, 8), 'e3b0c442')
})
