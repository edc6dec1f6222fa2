import test from 'tape'
import { LntError } from '../../src/core/errors.ts'
import { COUPON_REST_SECONDS } from '../../src/core/limits.ts'
import { parseInvoice } from '../../src/wallet/invoice.ts'
import { signCertificate } from '../../torrents/endorse.ts'
import { publisherKey } from '../../torrents/keys.ts'
import { type DeskRig, deskRig } from './desk-rig.ts'
import type { ScriptedPeer } from './scripted-peer.ts'

const AWAY = new LntError({ code: 'WALLET_UNAVAILABLE', why: 'test' })
/** The endorsement's own time, then 24 h. */
const RESTED_MS = (120 + COUPON_REST_SECONDS + 1) * 1000

/** Leaves an offer unpaid and lets its coupon rest. @returns its payment hash, 32 bytes */
async function rest(rig: DeskRig, peer: ScriptedPeer): Promise<Uint8Array> {
  const { invoice } = await rig.offer(peer)
  rig.clock.pass(60_000)
  await rig.reached('cancelled')
  rig.clock.pass(RESTED_MS)
  return parseInvoice(invoice).hash
}

test('desk: a stranger gets a rested coupon even while there are fresh ones', async (t) => {
  const rig = await deskRig()
  await rest(rig, rig.connect())
  t.equal((await rig.offer(rig.connect())).coupon?.j, 0)
  t.equal((await rig.offer(rig.connect())).coupon?.j, 1)
  await rig.close()
})

test('desk: two strangers who ask at once never get one rested coupon', async (t) => {
  const rig = await deskRig()
  await rest(rig, rig.connect())
  const peers = [rig.connect(), rig.connect()]
  const asks = peers.map((peer) => ({ peer, id: rig.ask(peer).id }))
  const answers = await Promise.all(asks.map(({ peer, id }) => peer.answer(id)))
  const js = answers.map((answer) => answer.type === 'offer' && answer.coupon?.j)
  t.deepEqual(new Set(js), new Set([0, 1]))
  t.deepEqual(rig.errors, [])
  await rig.close()
})

test('desk: a rested coupon of somebody who had paid is not beyond the share of strangers', async (t) => {
  const rig = await deskRig({ c: 3 })
  const payer = rig.connect()
  await rig.buy(payer, { kinds: [4] })
  rig.clock.pass(1_000)
  await rest(rig, payer)
  t.equal((await rig.offer(rig.connect())).coupon?.j, 0)
  t.equal((await rig.offer(rig.connect())).coupon, undefined, 'their one is out')
  await rig.close()

  const other = await deskRig({ c: 3 })
  const buyer = other.connect()
  await other.buy(buyer, { kinds: [4] })
  await rest(other, buyer)
  const { salt, c } = other.sealed.torrent
  const hash = new Uint8Array(32).fill(9)
  other.store.coupons.take({ salt, c, span: 8, j: 5, hash, exp: 1, isStranger: true })
  t.equal((await other.offer(other.connect())).coupon, undefined, 'nor when theirs is another')
  await other.close()
})

test('desk: a rested coupon that the wallet has settled is retired', async (t) => {
  const rig = await deskRig()
  const hash = await rest(rig, rig.connect())
  rig.process.wallet.lookupHold = async () => ({ status: 'settled' })
  await rig.answer(rig.connect())
  t.equal(rig.store.coupons.stateOf(hash), 'retired')
  await rig.close()
})

test('desk: after a cancel nothing is said under its id, even when the invoice fails', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  let fail: (err: Error) => void = () => {}
  rig.faults.hold = new Promise((_, reject) => {
    fail = reject
  })
  const { id } = rig.ask(peer)
  await rig.reached('offered')
  rig.desk.received(peer, { type: 'cancel', id })
  fail(AWAY)
  await rig.reached('cancelled')
  t.deepEqual(
    peer.sent.map(({ type }) => type),
    ['terms'],
  )
  await rig.close()
})

test('desk: an id is free again once the settle call is made, whether or not it is answered', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  rig.faults.settle = AWAY
  const offer = await rig.offer(peer, { id: 5 })
  const payment = rig.pay(offer)
  await rig.reached('settling')
  peer.forget()
  t.equal((await rig.answer(peer, { id: 5 })).type, 'offer')
  t.equal(peer.dropped, undefined)
  rig.faults.settle = undefined
  await rig.clock.run(60_000)
  t.equal((await payment).status, 'paid')
  await rig.close()
})

test('desk: an offer is open until its HTLC is held, not until it is accepted', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  const offer = await rig.offer(peer)
  // Accepting asks for the height first.
  const payment = rig.pay(offer)
  rig.faults.height = AWAY
  await rig.reached('held')
  t.equal((await rig.answer(peer)).type, 'offer', 'still a stranger, one open')
  rig.faults.height = undefined
  await rig.clock.run(30_000)
  t.equal((await payment).status, 'paid')
  await rig.close()
})

test('desk: a delegate whose certificate has ended sells nothing', async (t) => {
  const secretSeed = new Uint8Array(32).fill(7)
  const rig = await deskRig({
    seller: (publisher, { torrent }) => {
      const draft = { x: 1, certExp: 1_800_000_100, dk: publisherKey(secretSeed) }
      const { infoSha256 } = torrent
      const certificate = signCertificate(publisher.endorser.secretSeed, infoSha256, draft)
      return { ...publisher, endorser: { secretSeed, certificate } }
    },
  })
  t.equal((await rig.answer(rig.connect())).type, 'offer')
  rig.clock.pass(100_000)
  t.deepEqual(rig.desk.terms().kinds, [])
  t.equal((await rig.answer(rig.connect())).type, 'reject')
  await rig.close()
})
