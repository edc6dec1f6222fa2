import { randomBytes } from 'node:crypto'
import test from 'tape'
import type { Message, Offer } from '../../extensions/lnt-trade/message.ts'
import { feeLimitMsat } from '../../src/core/budget.ts'
import { equal } from '../../src/core/bytes.ts'
import type { Endorsement } from '../../src/core/purchase.ts'
import { encodeInvoice, type InvoiceDraft, parseInvoice } from '../../src/wallet/invoice.ts'
import { type ShopRig, shopRig } from './shop-rig.ts'

const junk = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes))

/** Another byte string of the same length. */
function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))
}

/** The same invoice with something changed, signed by a node of the hostile seller's. */
function resigned(offer: Offer, change: Partial<InvoiceDraft>, secretKey = junk(32)): Offer {
  const invoice = parseInvoice(offer.invoice)
  const validSeconds = invoice.expiresAtSeconds - invoice.createdAtSeconds
  return { ...offer, invoice: encodeInvoice({ ...invoice, validSeconds, ...change }, secretKey) }
}

function endorsed(offer: Offer, change: Partial<Endorsement>): Offer {
  const { endorsement } = offer
  if (!endorsement) throw new Error('not endorsed')
  return { ...offer, endorsement: { ...endorsement, ...change } }
}

function without(offer: Offer, ...names: readonly (keyof Offer)[]): Offer {
  const kept = Object.entries(offer).filter(([name]) => !names.some((gone) => gone === name))
  return Object.fromEntries(kept) as unknown as Offer
}

const CORRUPTIONS: Record<string, (offer: Offer, rig: ShopRig) => Offer> = {
  'another span': (offer) => ({ ...offer, span: 9 }),
  'a span that does not exist': (offer) => ({ ...offer, span: 15 }),
  'kind 3': (offer) => ({ ...without(offer, 'coupon', 'endorsement'), kind: 3 }),
  'kind 4 for a coupon': (offer) => ({ ...without(offer, 'coupon'), kind: 4 }),
  'another kc': (offer) => ({
    ...offer,
    record: { ...offer.record, kc: flipped(offer.record.kc) },
  }),
  'another pt': (offer) => ({
    ...offer,
    record: { ...offer.record, pt: flipped(offer.record.pt) },
  }),
  'another cv': (offer) => ({
    ...offer,
    record: { ...offer.record, cv: flipped(offer.record.cv) },
  }),
  'another record path': (offer) => ({
    ...offer,
    record: { ...offer.record, rpath: flipped(offer.record.rpath) },
  }),
  'a longer record path': (offer) => ({
    ...offer,
    record: { ...offer.record, rpath: new Uint8Array(offer.record.rpath.length + 32) },
  }),
  'another epk': (offer) => ({ ...offer, epk: junk(32) }),
  'an epk of low order': (offer) => ({ ...offer, epk: new Uint8Array(32) }),
  'another box': (offer) => ({ ...offer, box: flipped(offer.box) }),
  'another coupon': (offer) => ({
    ...offer,
    coupon: { j: (offer.coupon?.j ?? 0) ^ 1, cpath: offer.coupon?.cpath ?? junk(32) },
  }),
  'a coupon out of range': (offer) => ({
    ...offer,
    coupon: { j: 16, cpath: offer.coupon?.cpath ?? junk(32) },
  }),
  'another coupon path': (offer) => ({
    ...offer,
    coupon: { j: offer.coupon?.j ?? 0, cpath: flipped(offer.coupon?.cpath ?? junk(32)) },
  }),
  'a shorter coupon path': (offer) => ({
    ...offer,
    coupon: { j: offer.coupon?.j ?? 0, cpath: new Uint8Array(32) },
  }),
  'no endorsement': (offer) => without(offer, 'endorsement'),
  'an endorsement of nobody': (offer) => endorsed(offer, { sig: junk(64) }),
  'an endorsement prolonged': (offer) =>
    endorsed(offer, { exp: (offer.endorsement?.exp ?? 0) + 1 }),
  'an endorsement that has ended': (offer) => endorsed(offer, { exp: 1 }),
  'a delegate without a certificate': (offer) =>
    endorsed(offer, {
      delegate: { x: 1, certExp: 1_900_000_000, dk: junk(32), cert: junk(64) },
    }),
  'an invoice that is none': (offer) => ({ ...offer, invoice: 'lnbcrt1nothing' }),
  'an invoice of another hash': (offer) => resigned(offer, { hash: junk(32) }),
  'a higher amount': (offer) => resigned(offer, { amountMsat: 5_001n }),
  'a lower amount': (offer) => resigned(offer, { amountMsat: 4_999n }),
  'another description': (offer) => resigned(offer, { descriptionHash: junk(32) }),
  'another network': (offer) => resigned(offer, { network: 'bitcoin' }),
  'an invoice that has expired': (offer) =>
    resigned(offer, { createdAtSeconds: 1_700_000_000, validSeconds: 3_600 }),
  'an invoice of our own node': (offer, rig) => resigned(offer, {}, rig.node.secretKey),
  'a CLTV delta above the limit': (offer) => resigned(offer, { cltvDelta: 147 }),
}

test('law 1: an offer with any field changed is refused, its peer dropped, nothing paid', async (t) => {
  for (const [name, corrupt] of Object.entries(CORRUPTIONS)) {
    const rig = await shopRig({ pieces: 5 })
    const { buyer } = rig.connect({
      tamper: (message) => [message.type === 'offer' ? corrupt(message, rig) : message],
    })
    await rig.until(() => !buyer.isOpen, name)
    await rig.calm(500)
    t.match(String(buyer.dropped), /BAD_(OFFER|INVOICE|MESSAGE)/, name)
    t.equal(rig.store.journal.events().length, 0, 'nothing is in the journal')
    t.equal((await rig.wallet.liquidity()).sendableMsat, 100_000_000n, 'nothing was paid')
    t.deepEqual(rig.errors, [])
    await rig.close()
  }
})

test('law 1: an offer to one peer is worth nothing to another', async (t) => {
  const rig = await shopRig({ pieces: 5 })
  let stolen: Offer | undefined
  const first = rig.connect({
    tamper: (message) => {
      if (message.type !== 'offer') return [message]
      stolen = message
      return []
    },
  })
  await rig.until(() => stolen !== undefined)
  first.buyer.close()
  const { buyer } = rig.connect({
    tamper: (message) => [
      message.type === 'offer' && stolen ? { ...stolen, id: message.id } : message,
    ],
  })
  await rig.until(() => buyer.dropped !== undefined, 'the drop')
  t.match(String(buyer.dropped), /BAD_OFFER/)
  t.equal(rig.purchases.length, 0)
  await rig.close()
})

test('law 2: two sellers that offer one hash are paid once', async (t) => {
  const rig = await shopRig({ pieces: 1 })
  const hashes = new Set<string>()
  const count = (message: Message): readonly Message[] => {
    if (message.type === 'offer') hashes.add(message.invoice)
    // The same offer twice: the second answers nothing.
    return message.type === 'offer' ? [message, message] : [message]
  }
  const { buyer } = rig.connect({ tamper: count })
  await rig.whole()
  t.equal(hashes.size, 1)
  t.match(String(buyer.dropped), /BAD_PEER/, 'an answer to nothing asked')
  t.equal(rig.purchases.length, 1)
  t.ok(rig.books().isBalanced)
  await rig.close()
})

test('law 2: a hash that was sent before, whatever became of it, is not paid again', async (t) => {
  const rig = await shopRig({ pieces: 2 })
  rig.node.failures.push('no route')
  const { buyer } = rig.connect()
  await rig.until(() => rig.purchases.length > 0, 'the failure')
  t.equal(rig.purchases[0]?.state, 'failed')
  await rig.whole()
  const hashes = rig.store.journal.purchasesOf(rig.torrent.infoSha256).map(({ hash }) => hash)
  t.equal(hashes.length, 3, 'a failed one, and two that opened')
  for (const [i, hash] of hashes.entries())
    t.notOk(hashes.slice(i + 1).some((other) => equal(other, hash)))
  t.ok(buyer.isOpen, 'a route that fails is nobody’s lie')
  await rig.close()
})

test('law 10: purchases at once with several sellers never exceed the budget', async (t) => {
  const budgetMsat = 40_000n
  const rig = await shopRig({ pieces: 33, limits: { budgetMsat } })
  for (let i = 0; i < 5; i++) rig.connect()
  const { journal } = rig.store
  let most = 0n
  const watch = (): boolean => {
    const { spentMsat, reservedMsat } = journal.spent(rig.torrent.infoSha256)
    if (spentMsat + reservedMsat > most) most = spentMsat + reservedMsat
    return rig.shop.standstill === 'budget'
  }
  await rig.until(watch, 'the end of the budget')
  await rig.calm(5_000)
  t.ok(most <= budgetMsat, `${most} msat at most`)
  t.ok(rig.spentMsat + 5_000n + feeLimitMsat(5_000n) > budgetMsat, 'it was used')
  t.equal(rig.spentMsat, rig.dueMsat)
  t.ok(rig.books().isBalanced)
  await rig.close()
})

test('law 10: what a payment in flight keeps is waited for before the budget counts as reached', async (t) => {
  const rig = await shopRig({
    pieces: 2,
    limits: { budgetMsat: 15_000n, feeLimitMsat: () => 4_000n },
  })
  rig.desk.process.sellerNode.stall()
  rig.connect()
  await rig.until(
    () => rig.store.journal.spent(rig.torrent.infoSha256).reservedMsat > 0n,
    'the payment',
  )
  rig.connect()
  await rig.calm()
  t.equal(rig.shop.standstill, 'later', 'not a reached budget')
  rig.desk.process.sellerNode.release()
  await rig.whole()
  t.equal(rig.spentMsat, 10_000n)
  await rig.close()
})

test('law 7: what is paid for is in the journal before the wallet hears of it', async (t) => {
  const rig = await shopRig({ pieces: 1 })
  rig.desk.process.sellerNode.stall()
  rig.connect()
  await rig.until(() => rig.store.journal.unfinishedPurchases().length > 0)
  const [row] = rig.store.journal.unfinishedPurchases()
  t.equal(row?.state, 'paying')
  t.equal(row?.wrap.length, 32)
  rig.desk.process.sellerNode.release()
  await rig.whole()
  await rig.close()
})
