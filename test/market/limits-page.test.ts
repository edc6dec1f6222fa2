import { readFileSync } from 'node:fs'
import test from 'tape'
import * as wire from '../../extensions/lnt-trade/limits.ts'
import * as core from '../../src/core/limits.ts'
import { limitsPage } from '../../src/market/limits-page.ts'

test('limits: docs/limits.md says what the code does (npm run docs)', (t) => {
  t.equal(readFileSync('docs/limits.md', 'utf8'), limitsPage())
  t.end()
})

test('limits: the numbers are those of docs/protocol.md §7 and §8', (t) => {
  t.deepEqual(core.STRANGER_ASKS, { perSecond: 1, burst: 4 })
  t.deepEqual(core.PAYING_ASKS, { perSecond: 30, burst: 32 })
  t.equal(core.ALL_STRANGERS_ASKS.perSecond, 20)
  t.deepEqual(core.GETRECORDS, { perSecond: 10, burst: 32 })
  t.deepEqual(wire.TERMS_RATE, { perSecond: 1, burst: 4 })
  t.equal(wire.CANCEL_RATE.perSecond, 10)
  t.equal(wire.MAX_EVIDENCE, 8)
  t.deepEqual(
    [0, 1, 6, 7, 100].map((settled) => core.openAllowance(core.CONNECTION_OPEN, settled)),
    [1, 2, 7, 8, 8],
  )
  t.deepEqual(
    [0, 1, 6, 100].map((settled) => core.openAllowance(core.ADDRESS_OPEN, settled)),
    [2, 3, 8, 8],
  )
  t.equal(core.ALL_STRANGERS_OPEN, 64)
  t.equal(core.HELD_PER_PEER, 4)
  t.deepEqual(
    [0, 3, 4, 8].map((c) => core.strangerCoupons(2 ** c)),
    [1, 1, 2, 32],
  )
  t.equal(core.NONCE_MS, 60 * 60 * 1000)
  t.equal(core.MOST_NONCES, 65_536)
  t.equal(core.OFFER_TTL_SECONDS, 60)
  t.equal(core.OFFER_CLTV_DELTA, 24)
  t.equal(core.PUBLISHER_HOPS, 2)
  t.equal(core.COUPON_REST_SECONDS, 24 * 60 * 60)
  t.end()
})
