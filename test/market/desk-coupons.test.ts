import test from 'tape'
import type { Offer } from '../../extensions/lnt-trade/message.ts'
import { toHex } from '../../src/core/bytes.ts'
import { COUPON_REST_SECONDS } from '../../src/core/limits.ts'
import { parseInvoice } from '../../src/wallet/invoice.ts'
import { paymentHash } from '../../torrents/coupons.ts'
import { type DeskRig, deskRig, publisherOf } from './desk-rig.ts'
import type { ScriptedPeer } from './scripted-peer.ts'

const jOf = (offer: Offer): number | undefined => offer.coupon?.j
const hashOf = (offer: Offer): string => toHex(parseInvoice(offer.invoice).hash)

/** Lets an open offer run out. */
async function expire(rig: DeskRig): Promise<void> {
  const before = rig.sales.filter(({ state }) => state === 'cancelled').length
  rig.clock.pass(60_000)
  await rig.reached('cancelled', before + 1)
}

/** Until an unpaid coupon has rested: the endorsement's own time, then 24 h. */
const RESTED_MS = (120 + COUPON_REST_SECONDS + 1) * 1000

/** A peer with standing. */
async function payer(rig: DeskRig): Promise<ScriptedPeer> {
  const peer = rig.connect()
  await rig.buy(peer, { kinds: [4] })
  return peer
}

test('desk: coupons go in order, each to one ask only, also while offers are open', async (t) => {
  const rig = await deskRig()
  const peer = await payer(rig)
  await rig.buy(peer, { kinds: [4] })
  const asks = [rig.ask(peer), rig.ask(peer), rig.ask(peer)]
  const offers = await Promise.all(asks.map(({ id }) => peer.answer(id)))
  t.deepEqual(
    offers.map((offer) => (offer.type === 'offer' ? jOf(offer) : undefined)),
    [0, 1, 2],
  )
  await rig.close()
})

test('desk: each span has its own coupons', async (t) => {
  const rig = await deskRig()
  const peer = await payer(rig)
  t.equal(jOf(await rig.buy(peer, { span: 8 })), 0)
  t.equal(jOf(await rig.buy(peer, { span: 9 })), 0)
  t.equal(jOf(await rig.buy(peer, { span: 1 })), 0)
  await rig.close()
})

test('desk: two torrents of the same content never share a coupon', async (t) => {
  const rig = await deskRig()
  const other = await deskRig({ name: 'under another name', beside: rig })
  const hashes = new Set<string>()
  for (const one of [rig, other, rig, other]) hashes.add(hashOf(await one.buy(one.connect())))
  const open = [await rig.offer(await payer(rig)), await other.offer(await payer(other))]
  for (const offer of open) hashes.add(hashOf(offer))
  t.equal(hashes.size, 6)
  t.deepEqual(open.map(jOf), [4, 5])
  await other.close()
  await rig.close()
})

test('desk: when coupons run out it goes on with kind 4', async (t) => {
  const rig = await deskRig({ c: 1 })
  const peer = await payer(rig)
  const js = []
  for (let i = 0; i < 4; i++) js.push(jOf(await rig.buy(peer)))
  t.deepEqual(js, [0, 1, undefined, undefined])
  await rig.close()
})

test('desk: strangers together have J/8 coupons of a span out, open or unpaid, then kind 4', async (t) => {
  const rig = await deskRig({ c: 4 })
  const js = []
  for (let i = 0; i < 3; i++) js.push(jOf(await rig.offer(rig.connect())))
  t.deepEqual(js, [0, 1, undefined])
  rig.clock.pass(60_000)
  await rig.reached('cancelled', 3)
  t.equal(jOf(await rig.offer(rig.connect())), undefined, 'unpaid ones count')
  t.equal(jOf(await rig.offer(rig.connect(), { span: 9 })), 0, 'of another span')
  t.equal(jOf(await rig.offer(await payer(rig))), 2, 'who has paid gets a fresh one')
  await rig.close()
})

test('desk: a coupon that a stranger pays for no longer counts', async (t) => {
  const rig = await deskRig({ c: 3 })
  const js = []
  for (let i = 0; i < 3; i++) js.push(jOf(await rig.buy(rig.connect())))
  t.deepEqual(js, [0, 1, 2])
  await rig.close()
})

test('desk: an unpaid coupon rests for a day after its endorsement, then goes to a stranger', async (t) => {
  const rig = await deskRig({ c: 3 })
  const first = await rig.offer(rig.connect())
  t.equal(jOf(first), 0)
  await expire(rig)
  rig.clock.pass(RESTED_MS - 2_000)
  t.equal(jOf(await rig.offer(rig.connect())), undefined, 'a second too early')
  rig.clock.pass(2_000)
  const again = await rig.offer(rig.connect())
  t.equal(hashOf(again), hashOf(first))
  t.equal(jOf(await rig.offer(rig.connect())), undefined, 'and to one only')
  await rig.close()
})

test('desk: who has paid gets fresh coupons first, rested ones when there are no others', async (t) => {
  const rig = await deskRig({ c: 1 })
  await rig.offer(rig.connect())
  await expire(rig)
  rig.clock.pass(RESTED_MS)
  const peer = await payer(rig)
  const js = []
  for (let i = 0; i < 3; i++) js.push(jOf(await rig.buy(peer)))
  t.deepEqual(js, [1, 0, undefined])
  await rig.close()
})

test('desk: a wallet that cannot reuse a hash sells no coupon twice', async (t) => {
  const rig = await deskRig({ c: 3, can: { canReuseHash: false } })
  await rig.offer(rig.connect())
  await expire(rig)
  rig.clock.pass(RESTED_MS)
  t.equal(jOf(await rig.offer(await payer(rig))), 1)
  t.equal(jOf(await rig.offer(rig.connect())), undefined)
  await rig.close()
})

test('desk: a rested coupon that the wallet still has open is not offered', async (t) => {
  const rig = await deskRig({ c: 3 })
  const first = await rig.offer(rig.connect())
  await expire(rig)
  rig.clock.pass(RESTED_MS)
  const { hash, amountMsat, descriptionHash } = parseInvoice(first.invoice)
  const request = { hash, amountMsat: amountMsat ?? 1n, descriptionHash, cltvDelta: 24 }
  await rig.ports.wallet.hold(request)
  t.equal(jOf(await rig.offer(rig.connect())), undefined)
  await rig.ports.wallet.cancel(hash)
  t.equal(jOf(await rig.offer(rig.connect())), 0)
  await rig.close()
})

test('desk: a hash that the wallet has used without the book is refused, given up, and books stay true', async (t) => {
  const rig = await deskRig()
  const { coupons } = publisherOf(rig.sealed)
  const hash = paymentHash(coupons.seeds.preimage(8, 0))
  const request = { hash, amountMsat: 1n, descriptionHash: hash, cltvDelta: 24 }
  await rig.ports.wallet.hold(request)
  const peer = rig.connect()
  const answer = await rig.answer(peer)
  t.equal(answer.type === 'reject' && answer.code, 4)
  await rig.reached('cancelled')
  t.equal((await rig.ports.wallet.lookupHold(hash)).status, 'open', 'not ours to cancel')
  t.equal(rig.store.coupons.stateOf(hash), 'pool')
  t.match(String(rig.errors[0]), /HASH_IN_USE/)
  await rig.ports.wallet.cancel(hash)
  await rig.close()
})
