import test from 'tape'
import { type Message, REJECT } from '../../extensions/lnt-trade/message.ts'
import { hasCode, LntError } from '../../src/core/errors.ts'
import {
  ALL_STRANGERS_ASKS,
  ALL_STRANGERS_OPEN,
  HEEDLESS_ASKS,
  HELD_PER_PEER,
  MOST_OPEN,
  STRANGER_ASKS,
} from '../../src/core/limits.ts'
import { type DeskRig, deskRig } from './desk-rig.ts'
import type { ScriptedPeer } from './scripted-peer.ts'

/** Asks until something other than an offer comes; cancels nothing. */
async function openOffers(
  rig: DeskRig,
  peer: ScriptedPeer,
): Promise<{ open: number; code: number }> {
  for (let open = 0; ; open++) {
    const answer = await rig.answer(peer)
    if (answer.type === 'reject') return { open, code: answer.code }
  }
}

/** Buys, with enough time between for the rate of a stranger. */
async function buyOften(rig: DeskRig, peer: ScriptedPeer, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await rig.buy(peer)
    rig.clock.pass(1_000)
  }
}

const terms = (message: Message): boolean => message.type === 'terms'

test('desk: a stranger has one offer open, one more for each settled sale, eight at most', async (t) => {
  const rig = await deskRig()
  for (const { settled, most } of [
    { settled: 0, most: 1 },
    { settled: 1, most: 2 },
    { settled: 3, most: 4 },
    { settled: 9, most: MOST_OPEN },
  ]) {
    const peer = rig.connect()
    await buyOften(rig, peer, settled)
    t.deepEqual(await openOffers(rig, peer), { open: most, code: REJECT.tooManyOpen }, `${settled}`)
  }
  await rig.close()
})

test('desk: the connections of an address have two open together, one more for each settled sale', async (t) => {
  const rig = await deskRig()
  const [a, b, c] = [rig.connect('here'), rig.connect('here'), rig.connect('here')]
  await rig.offer(a)
  await rig.offer(b)
  const third = await rig.answer(c)
  t.equal(third.type === 'reject' && third.code, REJECT.tooManyOpen)
  t.equal((await rig.answer(rig.connect('there'))).type, 'offer', 'another address')

  rig.clock.pass(60_000)
  await rig.reached('cancelled', 3)
  await buyOften(rig, a, 2)
  t.deepEqual(await openOffers(rig, a), { open: 3, code: REJECT.tooManyOpen })
  t.deepEqual(await openOffers(rig, b), { open: 1, code: REJECT.tooManyOpen })
  t.deepEqual(await openOffers(rig, c), { open: 0, code: REJECT.tooManyOpen }, '2 + 2')
  await rig.close()
})

test('desk: a place is free again when the offer is cancelled, and when its HTLC is held', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  const first = await rig.offer(peer)
  rig.desk.received(peer, { type: 'cancel', id: first.id })
  await rig.reached('cancelled')
  const second = await rig.offer(peer)
  rig.faults.settle = new LntError({ code: 'WALLET_UNAVAILABLE', why: 'test' })
  const payment = rig.pay(second)
  await rig.reached('settling')
  t.equal((await rig.answer(peer)).type, 'offer', 'the settle call is made, nobody has answered it')
  rig.faults.settle = undefined
  await rig.clock.run(120_000)
  t.equal((await payment).status, 'paid')
  await rig.close()
})

test('desk: four HTLCs are held for a connection, no more', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  rig.faults.settle = new LntError({ code: 'WALLET_UNAVAILABLE', why: 'test' })
  const payments = []
  for (let i = 0; i < HELD_PER_PEER; i++) {
    payments.push(rig.pay(await rig.offer(peer)))
    await rig.reached('settling', i + 1)
  }
  const answer = await rig.answer(peer)
  t.equal(answer.type === 'reject' && answer.code, REJECT.tooManyOpen)
  rig.faults.settle = undefined
  await rig.clock.run(120_000)
  for (const payment of payments) t.equal((await payment).status, 'paid')
  await rig.reached('settled', HELD_PER_PEER)
  t.equal((await rig.answer(peer)).type, 'offer')
  await rig.close()
})

test('desk: strangers together have 64 offers open, who has paid is not among them', async (t) => {
  const rig = await deskRig()
  const payer = rig.connect()
  await rig.buy(payer)
  for (let i = 0; i < ALL_STRANGERS_OPEN; i++) {
    rig.clock.pass(50)
    await rig.offer(rig.connect(), { kinds: [4] })
  }
  rig.clock.pass(1_000)
  const answer = await rig.answer(rig.connect(), { kinds: [4] })
  t.equal(answer.type === 'reject' && answer.code, REJECT.tooManyOpen)
  t.equal((await rig.answer(payer)).type, 'offer')
  await rig.close()
})

test('desk: a stranger asks four times at once, then once a second; who has paid 32 times, then 30', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  const asked = async (): Promise<number> => {
    for (let count = 0; ; count++) {
      const answer = await rig.answer(peer, { rev: 0 })
      if (answer.type === 'reject' && answer.code === REJECT.busy) {
        t.ok(answer.waitMs !== undefined && answer.waitMs > 0 && answer.waitMs <= 1_000)
        return count
      }
    }
  }
  t.equal(await asked(), STRANGER_ASKS.burst)
  rig.clock.pass(3_000)
  t.equal(await asked(), 3)
  rig.clock.pass(10_000)
  await rig.buy(peer)
  t.equal(await asked(), 32)
  rig.clock.pass(500)
  t.equal(await asked(), 15)
  await rig.close()
})

test('desk: strangers together ask 20 times a second, who has paid is not among them', async (t) => {
  const rig = await deskRig()
  const payer = rig.connect()
  await rig.buy(payer)
  rig.clock.pass(1_000)
  for (let i = 0; i < ALL_STRANGERS_ASKS.burst; i++) {
    const answer = await rig.answer(rig.connect(), { rev: 0 })
    if (answer.type !== 'reject' || answer.code !== REJECT.oldRev) t.fail(`ask ${i}`)
  }
  const answer = await rig.answer(rig.connect())
  t.equal(answer.type === 'reject' && answer.code, REJECT.busy)
  t.equal((await rig.answer(payer)).type, 'offer')
  await rig.close()
})

test('desk: a peer that asks on without waiting is dropped in the end', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  let asks = 0
  while (!peer.dropped && asks < 1_000) {
    rig.ask(peer)
    asks += 1
  }
  t.ok(hasCode(peer.dropped, 'BAD_PEER'))
  t.equal(asks, STRANGER_ASKS.burst + HEEDLESS_ASKS.burst + 1)
  await rig.close()
})

test('desk: one that waits as long as it is told is never dropped', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  for (let i = 0; i < 300; i++) {
    const answer = await rig.answer(peer, { rev: 0 })
    if (answer.type === 'reject' && answer.waitMs) rig.clock.pass(answer.waitMs)
  }
  t.equal(peer.dropped, undefined)
  await rig.close()
})

test('desk: terms go out at once and at each change, never faster than a peer accepts', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  t.equal(peer.sent.filter(terms).length, 1)
  const sentAtMs: number[] = [rig.clock.nowMs()]
  const changes = 40
  for (let i = 1; i <= changes; i++) {
    rig.desk.setPrice({ priceMsat: BigInt(1_000 + i), stepPpm: 0 })
    for (let step = 0; step < 10; step++) {
      const before = peer.sent.filter(terms).length
      if (step > 0) rig.clock.pass(20)
      const sent = peer.sent.filter(terms).length - before
      for (let k = 0; k < sent; k++) sentAtMs.push(rig.clock.nowMs())
    }
  }
  rig.clock.pass(10_000)
  const last = peer.sent.filter((message) => message.type === 'terms').at(-1)
  t.equal(last?.rev, changes + 1, 'the last price has come')
  t.equal(last?.priceMsat, 1_040n)
  for (const [i, atMs] of sentAtMs.entries()) {
    const later = sentAtMs[i + 4]
    if (later !== undefined && later - atMs < 1_000) t.fail(`five terms within ${later - atMs} ms`)
  }
  t.ok(sentAtMs.length < 15, `${sentAtMs.length} terms for ${changes} changes`)
  await rig.close()
  t.equal(rig.clock.timers, 0)
})
