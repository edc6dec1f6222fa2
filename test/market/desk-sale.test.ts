import test from 'tape'
import type { Offer } from '../../extensions/lnt-trade/message.ts'
import { equal } from '../../src/core/bytes.ts'
import { NO_COUPON } from '../../src/core/purchase.ts'
import { parseInvoice } from '../../src/wallet/invoice.ts'
import { CouponSeeds, couponTree, unwrap } from '../../torrents/coupons.ts'
import { signCertificate } from '../../torrents/endorse.ts'
import { keyCommitment, publisherKey } from '../../torrents/keys.ts'
import { checkOfferProof, type ProvenOffer } from '../../torrents/offer.ts'
import { type DeskRig, deskRig, PRICE, publisherOf } from './desk-rig.ts'
import type { ScriptedPeer } from './scripted-peer.ts'

/** What a buyer checks before it pays. */
function proven(rig: DeskRig, peer: ScriptedPeer, offer: Offer, nonce: Uint8Array): ProvenOffer {
  const { hash, descriptionHash } = parseInvoice(offer.invoice)
  return checkOfferProof(rig.sealed.torrent, offer, {
    hash,
    descriptionHash,
    nonce,
    ours: { secretKey: peer.secretKey, publicKey: peer.theirKey },
    nowSeconds: Math.floor(rig.clock.nowMs() / 1000),
  })
}

for (const { kind, kinds } of [
  { kind: 1, kinds: [1, 4] },
  { kind: 4, kinds: [4] },
]) {
  test(`desk: an offer of kind ${kind} is proven, paid, and its preimage opens the key`, async (t) => {
    const rig = await deskRig()
    const peer = rig.connect()
    const ask = rig.ask(peer, { kinds, span: 9 })
    const offer = await peer.answer(ask.id)
    if (offer.type !== 'offer') return t.fail(`reject ${offer.code}`)
    t.equal(offer.kind, kind)
    const { wrap, j } = proven(rig, peer, offer, ask.nonce)
    t.equal(j, kind === 1 ? 0 : NO_COUPON)
    const invoice = parseInvoice(offer.invoice)
    t.equal(invoice.amountMsat, PRICE.priceMsat)
    t.deepEqual(invoice.payee, rig.ports.wallet.nodeId)
    t.equal(invoice.cltvDelta, 24)
    t.equal(offer.ttlSeconds, 60)
    t.equal(offer.endorsement?.exp, Math.floor(rig.clock.nowMs() / 1000) + 60 + 120)

    const payment = await rig.pay(offer)
    if (payment.status !== 'paid') return t.fail(payment.why)
    const key = unwrap(wrap, payment.preimage)
    t.ok(equal(keyCommitment(key), offer.record.kc), 'the key is the one of the record')
    await rig.reached('settled')
    t.deepEqual(
      rig.sales.map(({ state }) => state),
      ['offered', 'held', 'settling', 'settled'],
    )
    t.equal(rig.store.coupons.stateOf(invoice.hash), kind === 1 ? 'retired' : undefined)
    t.equal(rig.store.journal.saleOf(invoice.hash)?.state, 'settled')
    t.deepEqual(rig.errors, [])
    await rig.close()
    t.equal(rig.clock.timers, 0, 'no timer is left')
  })
}

test('desk: an inner span is sold at its discount, free pieces not counted', async (t) => {
  const rig = await deskRig({ pieces: 8, free: [8] })
  const peer = rig.connect()
  const offer = await rig.offer(peer, { span: 2 })
  // Four pieces, one of them free, k = 2: 5000 · 3 · 0.98², rounded up.
  t.equal(parseInvoice(offer.invoice).amountMsat, 14_406n)
  await rig.close()
})

test('desk: a delegate sells its own coupons under its certificate, and kind 4', async (t) => {
  const secretSeed = new Uint8Array(32).fill(7)
  const rig = await deskRig({
    c: 3,
    seller: (publisher, sealed) => {
      const { infoSha256, salt, c } = sealed.torrent
      const seeds = CouponSeeds.delegated(c, 5, publisher.coupons.seeds.delegate(5))
      const draft = { x: 5, certExp: 1_900_000_000, dk: publisherKey(secretSeed) }
      const certificate = signCertificate(publisher.endorser.secretSeed, infoSha256, draft)
      const above = (span: number): Uint8Array =>
        couponTree(publisher.coupons.seeds, span, publisher.keyOf(span) ?? salt).above(5)
      return {
        ...publisher,
        coupons: { seeds, freshFrom: 0, above },
        endorser: { secretSeed, certificate },
      }
    },
  })
  const peer = rig.connect()
  const ask = rig.ask(peer)
  const offer = await peer.answer(ask.id)
  if (offer.type !== 'offer') return t.fail(`reject ${offer.code}`)
  t.equal(proven(rig, peer, offer, ask.nonce).j, 2, 'the first of coupons 2 and 3')
  await rig.pay(offer)
  await rig.reached('settled')
  for (const { kind, j } of [
    { kind: 1, j: 3 },
    { kind: 4, j: NO_COUPON },
  ]) {
    const again = rig.ask(peer)
    const next = await peer.answer(again.id)
    if (next.type !== 'offer') return t.fail(`reject ${next.code}`)
    t.equal(next.kind, kind)
    t.equal(proven(rig, peer, next, again.nonce).j, j)
    await rig.pay(next)
    await rig.reached('settled', kind === 1 ? 2 : 3)
  }
  await rig.close()
})

test('desk: what was handed to delegates is not sold', async (t) => {
  const rig = await deskRig({
    c: 2,
    seller: (publisher) => ({
      ...publisher,
      coupons: { ...publisher.coupons, delegated: [{ from: 1, to: 3 }] },
    }),
  })
  const peer = rig.connect()
  const js: number[] = []
  for (let i = 0; i < 3; i++) js.push((await rig.buy(peer)).coupon?.j ?? -1)
  t.deepEqual(js, [0, 3, -1], 'then kind 4')
  await rig.close()
})

test('desk: a master without its coupon book sells by kind 4 only', async (t) => {
  const rig = await deskRig({
    seller: (publisher) => ({
      ...publisher,
      coupons: { ...publisher.coupons, freshFrom: undefined },
    }),
  })
  t.deepEqual(rig.desk.terms().kinds, [4])
  const peer = rig.connect()
  t.equal((await rig.offer(peer)).kind, 4)
  await rig.close()
})

test('desk: told which coupons are unused, it sells from there on', async (t) => {
  const rig = await deskRig({
    seller: (publisher) => ({ ...publisher, coupons: { ...publisher.coupons, freshFrom: 9 } }),
  })
  t.equal((await rig.offer(rig.connect())).coupon?.j, 9)
  await rig.close()
})

test('desk: a stranger to the torrent cannot vouch for it', async (t) => {
  const rig = await deskRig()
  try {
    const seller = { ...publisherOf(rig.sealed), endorser: { secretSeed: new Uint8Array(32) } }
    await deskRig({ seller: () => seller })
    t.fail('should throw')
  } catch (err) {
    t.match(String(err), /BAD_INPUT/)
  }
  await rig.close()
})
