import test from 'tape'
import { type Ask, REJECT } from '../../extensions/lnt-trade/message.ts'
import { hasCode } from '../../src/core/errors.ts'
import { type DeskRig, deskRig, PRICE, type RigOptions } from './desk-rig.ts'
import type { ScriptedPeer } from './scripted-peer.ts'

interface Case {
  readonly claim: string
  readonly code: number
  readonly ask?: Partial<Ask>
  readonly options?: RigOptions
  /** Done before the ask. */
  readonly before?: (rig: DeskRig, peer: ScriptedPeer) => Promise<void> | void
}

/** Holds the keys under span 2 only, as a reseller would. */
const HOLDER: RigOptions = {
  seller: (publisher) => ({
    ...publisher,
    keyOf: (span) => (span === 2 || (span > 7 && span < 12) ? publisher.keyOf(span) : undefined),
    spans: () => [2],
  }),
}

const cases: readonly Case[] = [
  { claim: '1: no key', code: REJECT.noKey, ask: { span: 12 }, options: HOLDER },
  { claim: '2: too cheap by 1 msat', code: REJECT.tooCheap, ask: { mostMsat: 4_999n } },
  {
    claim: '3: a stranger with an offer open',
    code: REJECT.tooManyOpen,
    before: async (rig, peer) => void (await rig.offer(peer)),
  },
  {
    claim: '4: the fifth ask at once',
    code: REJECT.busy,
    before: async (rig, peer) => {
      for (let i = 0; i < 4; i++) await rig.answer(peer, { rev: 0 })
    },
  },
  {
    claim: '6: coupons only, and none left',
    code: REJECT.noCoupon,
    ask: { kinds: [1] },
    options: { c: 0 },
    before: async (rig, peer) => void (await rig.buy(peer)),
  },
  { claim: '7: span 0', code: REJECT.badSpan, ask: { span: 0 } },
  { claim: '7: a span past the end', code: REJECT.badSpan, ask: { span: 16 } },
  { claim: '7: a span that covers no piece', code: REJECT.badSpan, ask: { span: 13 } },
  { claim: '7: a span given away', code: REJECT.badSpan, options: { free: [8] } },
  {
    claim: '7: a span wholly under one given away',
    code: REJECT.badSpan,
    ask: { span: 9 },
    options: { free: [2] },
  },
  { claim: '8: only kinds not sold', code: REJECT.noSuchKind, ask: { kinds: [2, 3, 200] } },
  {
    claim: '8: a wallet that cannot hold sells nothing',
    code: REJECT.noSuchKind,
    options: { can: { canHold: false } },
  },
  {
    claim: '8: coupons only, of a wallet that cannot hold their hash',
    code: REJECT.noSuchKind,
    ask: { kinds: [1] },
    options: { can: { canHoldForeignHash: false } },
  },
  { claim: '9: paused', code: REJECT.paused, before: (rig) => rig.desk.pause() },
  { claim: '10: hops beyond the terms', code: REJECT.tooManyHops, ask: { hops: 3 } },
  { claim: '12: an earlier price', code: REJECT.oldRev, ask: { rev: 0 } },
]

for (const { claim, code, ask, options, before } of cases) {
  test(`desk: rejects with ${claim}`, async (t) => {
    const rig = await deskRig(options)
    const peer = rig.connect()
    await before?.(rig, peer)
    const answer = await rig.answer(peer, ask)
    t.equal(answer.type === 'reject' && answer.code, code)
    t.equal(peer.dropped, undefined)
    if (answer.type === 'reject') {
      const mayWait = code === REJECT.tooManyOpen || code === REJECT.busy
      t.equal(answer.waitMs !== undefined, mayWait, 'wait with 3 and 4 only')
      t.match(answer.text, /^[\x20-\x7e]{0,120}$/)
    }
    t.deepEqual(rig.errors, [])
    await rig.close()
  })
}

test('desk: rejects with 11 a nonce seen before, on any connection of any torrent', async (t) => {
  const rig = await deskRig()
  const nonce = new Uint8Array(32).fill(5)
  await rig.offer(rig.connect(), { nonce })
  const other = await deskRig({ name: 'the same film', beside: rig })
  for (const one of [rig, other]) {
    const again = await one.answer(one.connect(), { nonce })
    t.equal(again.type === 'reject' && again.code, REJECT.loop)
  }
  rig.clock.pass(3_600_000)
  t.equal((await rig.answer(rig.connect(), { nonce })).type, 'offer', 'forgotten after an hour')
  await other.close()
  await rig.close()
})

test('desk: the most that it takes is the price exactly, as many hops as its terms say', async (t) => {
  const rig = await deskRig()
  await rig.offer(rig.connect(), { mostMsat: PRICE.priceMsat, hops: 2 })
  t.pass('offered')
  await rig.close()
})

test('desk: an id in use drops the peer, by ask and by getrecords', async (t) => {
  const rig = await deskRig()
  for (const type of ['ask', 'getrecords']) {
    const peer = rig.connect()
    const { id } = await rig.offer(peer)
    if (type === 'ask') rig.ask(peer, { id })
    else rig.desk.received(peer, { type: 'getrecords', id, span: 1, level: 0 })
    t.ok(hasCode(peer.dropped, 'BAD_PEER'), type)
  }
  await rig.close()
})

test('desk: an id is free again after settle, reject, cancel and ttl', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  const id = 77
  await rig.buy(peer, { id })
  const ends: readonly (readonly [string, () => void])[] = [
    ['cancel', () => rig.desk.received(peer, { type: 'cancel', id })],
    ['ttl', () => rig.clock.pass(60_000)],
    ['reject', () => {}],
  ]
  for (const [end, act] of ends) {
    peer.forget()
    const answer = await rig.answer(peer, end === 'reject' ? { id, rev: 0 } : { id })
    t.equal(answer.type, end === 'reject' ? 'reject' : 'offer', `before ${end}`)
    act()
  }
  peer.forget()
  t.equal((await rig.answer(peer, { id })).type, 'offer')
  t.equal(peer.dropped, undefined)
  await rig.close()
})

test('desk: a cancel that crosses the offer takes it back, and nothing is said under its id', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  let release = (): void => {}
  rig.faults.hold = new Promise((resolve) => {
    release = resolve
  })
  const { id } = rig.ask(peer)
  await rig.reached('offered')
  rig.desk.received(peer, { type: 'cancel', id })
  release()
  await rig.reached('cancelled')
  t.deepEqual(
    peer.sent.map(({ type }) => type),
    ['terms'],
  )
  rig.desk.received(peer, { type: 'cancel', id })
  t.equal(peer.dropped, undefined, 'a cancel of nothing is ignored')
  await rig.close()
})

test('desk: an ask cancelled at once costs no coupon', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  const { id } = rig.ask(peer)
  rig.desk.received(peer, { type: 'cancel', id })
  await rig.desk.close(AbortSignal.timeout(5_000))
  t.deepEqual(rig.sales, [])
  await rig.close()
})
