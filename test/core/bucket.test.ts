import fc from 'fast-check'
import test from 'tape'
import { Bucket } from '../../src/core/bucket.ts'

test('bucket: allows its burst at once, then its rate', (t) => {
  const bucket = new Bucket({ perSecond: 2, burst: 3 }, 1000)
  t.deepEqual(
    [1000, 1000, 1000, 1000].map((nowMs) => bucket.take(nowMs)),
    [true, true, true, false],
  )
  t.equal(bucket.waitMs(1000), 500)
  t.notOk(bucket.take(1499), 'not a millisecond early')
  t.ok(bucket.take(1500))
  t.equal(bucket.waitMs(1500, 4), Number.POSITIVE_INFINITY, 'more than it holds never comes')
  t.end()
})

test('bucket: never more than burst + rate · time, and a clock set back gives nothing', (t) => {
  const steps = fc.array(fc.integer({ min: -5000, max: 5000 }), { maxLength: 200 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 9 }), (deltasMs, burst) => {
      const bucket = new Bucket({ perSecond: 3, burst }, 0)
      let nowMs = 0
      let latestMs = 0
      let taken = 0
      for (const deltaMs of deltasMs) {
        nowMs += deltaMs
        latestMs = Math.max(latestMs, nowMs)
        if (bucket.take(nowMs)) taken += 1
      }
      return taken <= burst + (latestMs / 1000) * 3 + 1e-6
    }),
  )
  t.pass('bounded')
  t.end()
})

test('bucket: what it says to wait is enough', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 9 }),
      (perSecond, burst) => {
        const bucket = new Bucket({ perSecond, burst }, 0)
        while (bucket.take(0));
        // A microsecond for the rounding of binary fractions.
        return bucket.take(bucket.waitMs(0) + 0.001)
      },
    ),
  )
  t.pass('enough')
  t.end()
})
