import fc from 'fast-check'
import test from 'tape'
import {
  type Candidate,
  delivered,
  inFlightLimit,
  left,
  MAX_IN_FLIGHT,
  NEW_SELLER,
  rank,
  type Score,
  struck,
} from '../../src/core/score.ts'

const candidate = (id: string, over: Partial<Candidate> = {}): Candidate => ({
  id,
  score: NEW_SELLER,
  priceMsat: 5_000n,
  open: 0,
  ...over,
})

test('score: a strike rests a seller, each further one twice as long, up to a minute', (t) => {
  let score: Score = NEW_SELLER
  const rests: number[] = []
  for (let i = 0; i < 9; i++) {
    score = struck(score, 1_000)
    rests.push(score.restUntilMs - 1_000)
  }
  t.deepEqual(rests, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  t.equal(score.strikes, 9)
  t.end()
})

test('score: a seller that asks for time gets it, but no more than a minute', (t) => {
  t.equal(struck(NEW_SELLER, 0, 3_000).restUntilMs, 3_000)
  t.equal(struck(NEW_SELLER, 0, 100).restUntilMs, 500)
  t.equal(struck(NEW_SELLER, 0, 2 ** 53).restUntilMs, 60_000)
  t.equal(struck({ ...NEW_SELLER, strikes: 5_000 }, 0).restUntilMs, 60_000)
  t.end()
})

test('score: a key ends all strikes, and its time is smoothed', (t) => {
  const first = delivered(struck(NEW_SELLER, 0), 100)
  t.deepEqual(first, { delivered: 1, strikes: 0, keyMs: 100, restUntilMs: 0 })
  const second = delivered(first, 200)
  t.equal(second.keyMs, 130)
  t.equal(second.delivered, 2)
  t.end()
})

test('score: one payment is in flight with a new seller, four with one that has delivered', (t) => {
  t.equal(inFlightLimit(NEW_SELLER), 1)
  t.equal(inFlightLimit(delivered(NEW_SELLER, 1)), MAX_IN_FLIGHT)
  t.end()
})

test('score: who has lied is never asked again', (t) => {
  t.deepEqual(rank([candidate('liar', { score: left(NEW_SELLER) })], Number.MAX_SAFE_INTEGER), [])
  t.end()
})

test('score: cheaper before fewer strikes before quicker', (t) => {
  const order = rank(
    [
      candidate('slow', { score: { ...NEW_SELLER, delivered: 1, keyMs: 900 } }),
      candidate('struck', { score: { ...NEW_SELLER, strikes: 1 } }),
      candidate('dear', { priceMsat: 5_001n }),
      candidate('quick', { score: { ...NEW_SELLER, delivered: 1, keyMs: 80 } }),
      candidate('cheap', { priceMsat: 1n, score: { ...NEW_SELLER, strikes: 9 } }),
      candidate('resting', { score: struck(NEW_SELLER, 0) }),
      candidate('busy', { open: 1 }),
    ],
    100,
  )
  t.deepEqual(
    order.map(({ id }) => id),
    ['cheap', 'quick', 'slow', 'struck', 'dear'],
  )
  t.end()
})

test('score: whatever happens, nobody rests longer than a minute or is asked beyond its limit', (t) => {
  const happening = fc.oneof(
    fc.record({ is: fc.constant('key' as const), ms: fc.nat(60_000) }),
    fc.record({ is: fc.constant('strike' as const), ms: fc.maxSafeNat() }),
  )
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), fc.nat(6), (happenings, open) => {
      let score: Score = NEW_SELLER
      for (const { is, ms } of happenings)
        score = is === 'key' ? delivered(score, ms) : struck(score, 5_000, ms)
      const asked = rank([candidate('x', { score, open })], 65_000)
      return score.restUntilMs <= 65_000 && asked.length === (open < inFlightLimit(score) ? 1 : 0)
    }),
    { numRuns: 2_000 },
  )
  t.pass('2,000 lives')
  t.end()
})
