import test from 'tape'
import { left, NEW_SELLER, struck } from '../../src/core/score.ts'
import { GRUDGE_MS, Grudges, MOST_GRUDGES } from '../../src/market/grudges.ts'
import { VirtualClock } from './virtual-clock.ts'

const node = new Uint8Array(33).fill(2)

test('grudges: strikes come back with the address, and with the node, for ten minutes', (t) => {
  const clock = new VirtualClock()
  const grudges = new Grudges(clock)
  const score = struck(struck(NEW_SELLER, clock.nowMs()), clock.nowMs())
  grudges.keep({ address: 'a', node }, score)
  t.deepEqual(grudges.scoreOf({ address: 'a' }), score)
  t.equal(grudges.scoreOf({ address: 'b', node }).strikes, 2)
  t.equal(grudges.scoreOf({ address: 'b' }), NEW_SELLER)
  clock.pass(GRUDGE_MS)
  t.equal(grudges.scoreOf({ address: 'a', node }), NEW_SELLER)
  t.end()
})

test('grudges: naming somebody else’s node in terms costs that node two seconds at most', (t) => {
  const clock = new VirtualClock()
  const grudges = new Grudges(clock)
  grudges.keep({ address: 'a', node }, left(NEW_SELLER))
  t.equal(grudges.scoreOf({ address: 'a' }).restUntilMs, clock.nowMs() + 60_000)
  t.equal(grudges.scoreOf({ address: 'b', node }).restUntilMs, clock.nowMs() + 2_000)
  t.end()
})

test('grudges: who did nothing wrong is not remembered, and no more than 512 are', (t) => {
  const clock = new VirtualClock()
  const grudges = new Grudges(clock)
  const score = struck(NEW_SELLER, clock.nowMs())
  grudges.keep({ address: 'good' }, NEW_SELLER)
  t.equal(grudges.scoreOf({ address: 'good' }), NEW_SELLER)
  for (let i = 0; i <= MOST_GRUDGES; i++) grudges.keep({ address: `${i}` }, score)
  t.equal(grudges.scoreOf({ address: '0' }), NEW_SELLER, 'the oldest goes first')
  t.equal(grudges.scoreOf({ address: '1' }).strikes, 1)
  t.end()
})
