import test from 'tape'
import type { Message } from '../../extensions/lnt-trade/message.ts'
import { toHex } from '../../src/core/bytes.ts'
import { LntError } from '../../src/core/errors.ts'
import type { Purchase } from '../../src/core/purchase.ts'
import { openKey } from '../../src/market/opening.ts'
import { resume } from '../../src/market/resume.ts'
import { type ShopRig, shopRig } from './shop-rig.ts'

const asksOf = (sent: readonly Message[]): number =>
  sent.filter(({ type }) => type === 'ask').length

/** Takes up what the journal has, as the client does at its start. */
function resumed(rig: ShopRig): Map<string, Promise<Purchase>> {
  const { rows, purchases } = resume({
    wallet: rig.wallet,
    journal: rig.store.journal,
    keyring: rig.store.keyring,
    clock: rig.clock,
    stop: AbortSignal.timeout(20_000),
    open: async (purchase, preimage) => openKey(purchase, preimage),
  })
  return new Map(
    rows.flatMap(({ hash }, i) => {
      const ended = purchases[i]
      return ended ? [[toHex(hash), ended] as const] : []
    }),
  )
}

test('shop: a seller that never answers is asked no more while another sells', async (t) => {
  const rig = await shopRig({ pieces: 5 })
  const mute = rig.connect({ tamper: (message) => (message.type === 'terms' ? [message] : []) })
  await rig.until(() => asksOf(mute.buyer.sent) > 0)
  rig.connect()
  await rig.whole()
  t.ok(rig.isRight)
  t.ok(mute.buyer.isOpen, 'slow is not hostile')
  t.ok(
    mute.buyer.sent.some(({ type }) => type === 'cancel'),
    'it was told that the ask is over',
  )
  await rig.close()
})

test('shop: an offer that comes after its time is ignored', async (t) => {
  const rig = await shopRig({ pieces: 1 })
  const late: Message[] = []
  const { buyer, seller } = rig.connect({
    tamper: (message) => {
      if (message.type !== 'offer') return [message]
      late.push(message)
      return []
    },
  })
  await rig.until(() => late.length > 0)
  await rig.calm(10_100)
  t.ok(buyer.sent.some(({ type }) => type === 'cancel'))
  seller.tamper = (message) => [message]
  for (const message of late) seller.send(message)
  await rig.whole()
  t.ok(buyer.isOpen)
  await rig.close()
})

test('shop: a seller that refuses is asked less and less often', async (t) => {
  const rig = await shopRig({ pieces: 1 })
  const { buyer } = rig.connect({
    tamper: (message) => [
      message.type === 'offer' ? { type: 'reject', id: message.id, code: 5, text: 'no' } : message,
    ],
  })
  await rig.until(() => asksOf(buyer.sent) > 0)
  // 0.5 + 1 + 2 + 4 + 8 + 16 s, and some for the desk's own limits.
  for (let i = 0; i < 60; i++) await rig.calm(500)
  t.ok(asksOf(buyer.sent) <= 8, `${asksOf(buyer.sent)} asks in 30 s`)
  t.equal(rig.shop.standstill, 'later')
  await rig.close()
})

test('shop: a seller that claims a new price for ever is not asked for ever', async (t) => {
  const rig = await shopRig({ pieces: 1 })
  const { buyer } = rig.connect({
    tamper: (message) => [
      message.type === 'offer' ? { type: 'reject', id: message.id, code: 12, text: '' } : message,
    ],
  })
  await rig.until(() => asksOf(buyer.sent) > 0)
  await rig.calm()
  await rig.calm()
  t.equal(asksOf(buyer.sent), 1)
  await rig.close()
})

test('shop: a price that changes under an ask costs nothing but another ask', async (t) => {
  const rig = await shopRig({ pieces: 2 })
  let isFirst = true
  rig.connect({
    tamper: (message) => {
      if (message.type === 'terms' && isFirst) {
        isFirst = false
        setImmediate(() => rig.desk.desk.setPrice({ priceMsat: 7_000n, stepPpm: 0 }))
      }
      return [message]
    },
  })
  await rig.whole()
  t.ok(rig.isRight)
  for (const { span, amountMsat } of rig.purchases)
    t.ok([5_000n, 7_000n].includes(amountMsat), `span ${span}`)
  await rig.close()
})

test('shop: whoever asks more than the user allows sells nothing', async (t) => {
  const rig = await shopRig({ pieces: 2, limits: { maxPriceMsat: 4_999n } })
  const { buyer } = rig.connect()
  await rig.until(() => rig.shop.standstill === 'too-dear')
  t.equal(asksOf(buyer.sent), 0)
  t.deepEqual(rig.shop.sellers, { peers: 1, selling: 0 })
  rig.desk.desk.setPrice({ priceMsat: 4_999n, stepPpm: 0 })
  await rig.whole()
  await rig.close()
})

test('shop: nobody sells a piece for more than one payment carries', async (t) => {
  const rig = await shopRig({ pieces: 2, limits: { maxPriceMsat: 2n ** 60n } })
  rig.desk.desk.setPrice({ priceMsat: 10_000_001n, stepPpm: 0 })
  rig.connect()
  await rig.until(() => rig.shop.standstill === 'too-dear')
  rig.desk.desk.setPrice({ priceMsat: 9_000_000n, stepPpm: 0 })
  await rig.whole()
  t.deepEqual(
    rig.purchases.map(({ amountMsat }) => amountMsat),
    [9_000_000n, 9_000_000n],
  )
  await rig.close()
})

test('shop: our own node sells us nothing, nor do kinds that we do not take', async (t) => {
  const rig = await shopRig({ pieces: 2 })
  const own = rig.connect({
    tamper: (message) => [message.type === 'terms' ? { ...message, node: rig.node.id } : message],
  })
  const others = rig.connect({
    tamper: (message) => [message.type === 'terms' ? { ...message, kinds: [2, 3, 9] } : message],
  })
  await rig.calm(1_000)
  t.equal(asksOf(own.buyer.sent) + asksOf(others.buyer.sent), 0)
  t.equal(rig.shop.standstill, 'no-seller')
  await rig.close()
})

test('shop: terms of spans that the torrent does not have drop the peer', async (t) => {
  const rig = await shopRig({ pieces: 5 })
  for (const change of [{ spans: [0] }, { spans: [16] }, { forwards: [13] }]) {
    const { buyer } = rig.connect({
      tamper: (message) => [message.type === 'terms' ? { ...message, ...change } : message],
    })
    await rig.until(() => buyer.dropped !== undefined)
    t.match(String(buyer.dropped), /BAD_PEER|BAD_MESSAGE/)
  }
  await rig.close()
})

test('shop: a seller is asked only for spans that it names', async (t) => {
  const rig = await shopRig({ pieces: 8 })
  const { buyer } = rig.connect({
    tamper: (message) => [message.type === 'terms' ? { ...message, spans: [3] } : message],
  })
  await rig.until(() => rig.plain.size === 4)
  await rig.calm(1_000)
  t.deepEqual(
    [...rig.plain.keys()].sort((a, b) => a - b),
    [4, 5, 6, 7],
  )
  t.equal(rig.shop.standstill, 'seller')
  t.ok(buyer.sent.every((sent) => sent.type !== 'ask' || sent.span >= 3))
  await rig.close()
})

test('shop: a seller that leaves in the middle of a payment is paid, and the key opens', async (t) => {
  const rig = await shopRig({ pieces: 1 })
  rig.desk.process.sellerNode.stall()
  const { seller } = rig.connect()
  await rig.until(() => rig.store.journal.unfinishedPurchases()[0]?.state === 'paying')
  // The HTLC is held first: a desk takes an offer back whose buyer has gone.
  rig.desk.process.sellerNode.release()
  await rig.until(() => rig.desk.sales.some(({ state }) => state === 'held'))
  seller.close()
  await rig.whole()
  t.ok(rig.books().isBalanced)
  await rig.close()
})

test('shop: a seller that leaves under an ask frees its piece for the next', async (t) => {
  const rig = await shopRig({ pieces: 2 })
  const { buyer } = rig.connect({
    tamper: (message) => (message.type === 'offer' ? [] : [message]),
  })
  await rig.until(() => asksOf(buyer.sent) > 0)
  buyer.close()
  rig.connect()
  await rig.whole()
  t.ok(rig.isRight)
  await rig.close()
})

test('shop: strikes outlive the connection, for a while', async (t) => {
  const rig = await shopRig({ pieces: 1 })
  const refuse = (message: Message): readonly Message[] => [
    message.type === 'offer' ? { type: 'reject', id: message.id, code: 5, text: '' } : message,
  ]
  const first = rig.connect({ tamper: refuse, address: 'one bucket' })
  await rig.until(() => asksOf(first.buyer.sent) >= 3, 'three asks')
  await rig.calm()
  first.buyer.close()
  const second = rig.connect({ tamper: refuse, address: 'another bucket' })
  await rig.calm(100)
  t.equal(asksOf(second.buyer.sent), 0, 'the node is known')
  await rig.until(() => asksOf(second.buyer.sent) > 0, 'the end of its rest')
  await rig.close()
})

test('shop: while the wallet is away nobody is asked, and buying goes on by itself', async (t) => {
  const rig = await shopRig({ pieces: 2 })
  rig.faults.height = new LntError({ code: 'WALLET_UNAVAILABLE', why: 'away' })
  const { buyer } = rig.connect()
  await rig.until(() => rig.shop.standstill === 'wallet')
  await rig.calm(4_000)
  t.equal(asksOf(buyer.sent), 1)
  t.ok(
    buyer.sent.some(({ type }) => type === 'cancel'),
    'the offer was given back',
  )
  await rig.calm(6_000)
  t.equal(asksOf(buyer.sent), 1, 'the wallet is tried before a coupon is asked for')
  rig.faults.height = undefined
  await rig.whole()
  t.deepEqual(rig.errors, [])
  t.equal(rig.spentMsat, 10_000n)
  await rig.close()
})

test('shop: a wallet that fails in an unknown way is told of, and not tried at once again', async (t) => {
  const rig = await shopRig({ pieces: 2 })
  rig.faults.height = new Error('a bug')
  const { buyer } = rig.connect()
  await rig.until(() => rig.errors.length > 0)
  await rig.calm()
  t.equal(asksOf(buyer.sent), 1)
  t.equal(rig.errors.length, 1)
  rig.faults.height = undefined
  await rig.whole()
  await rig.close()
})

test('shop: a payment that an earlier run began is waited for, not repeated', async (t) => {
  const rig = await shopRig({ pieces: 3 })
  rig.desk.process.sellerNode.stall()
  rig.connect()
  await rig.until(() => rig.store.journal.unfinishedPurchases()[0]?.state === 'paying')
  await rig.reopen(resumed)
  const { buyer } = rig.connect()
  await rig.calm(200)
  const [waiting] = rig.store.journal.unfinishedPurchases()
  t.equal(waiting?.span, 4)
  t.ok(
    buyer.sent.every((sent) => sent.type !== 'ask' || sent.span !== 4),
    'another piece is bought meanwhile',
  )
  rig.desk.process.sellerNode.release()
  await rig.whole()
  t.ok(rig.isRight)
  t.equal(rig.spentMsat, 15_000n)
  await rig.close()
})

test('shop: a payment that another wallet began is not made again by this one', async (t) => {
  const rig = await shopRig({ pieces: 3 })
  rig.desk.process.sellerNode.stall()
  rig.connect()
  await rig.until(() => rig.store.journal.unfinishedPurchases()[0]?.state === 'paying')
  // Nobody resumes it.
  await rig.reopen(() => new Map())
  rig.desk.process.sellerNode.release()
  rig.connect()
  await rig.until(() => rig.plain.size === 2)
  await rig.calm(2_000)
  t.notOk(rig.plain.has(0))
  t.equal(rig.shop.standstill, 'nothing')
  await rig.close()
})

test('shop: what an earlier run bought is opened again, and not bought again', async (t) => {
  const rig = await shopRig({ pieces: 2 })
  rig.connect()
  await rig.whole()
  await rig.reopen(resumed)
  await rig.until(() => rig.plain.size === 2, 'what the key ring opens')
  t.equal(rig.purchases.length, 0, 'nothing is bought')
  t.equal(rig.shelf.openedCount, 0, 'without rows nothing is checked')
  rig.connect()
  await rig.calm(200)
  t.equal(rig.purchases.length, 0)
  await rig.close()
})

test('shop: a dead payment of an earlier run holds up nobody, and its late success opens the key', async (t) => {
  const rig = await shopRig({ pieces: 2 })
  rig.desk.process.sellerNode.stall()
  rig.connect()
  await rig.until(() => rig.store.journal.unfinishedPurchases()[0]?.state === 'paying')
  const [row] = rig.store.journal.unfinishedPurchases()
  if (!row) return t.fail('no row')
  const late = Promise.withResolvers<Purchase>()
  await rig.reopen(({ store }) => {
    store.journal.recordPurchase({ ...row, state: 'dead' }, 'dead')
    return new Map([[toHex(row.hash), late.promise]])
  })
  rig.connect()
  await rig.calm(500)
  t.notEqual(rig.shop.standstill, 'nothing', 'its piece may be bought again')
  const preimage = rig.desk.store.journal.saleOf(row.hash)?.preimage
  if (!preimage) return t.fail('no sale')
  const paid: Purchase = { ...row, state: 'paid', preimage, feeMsat: 0n }
  rig.store.journal.recordPurchase(paid, 'paid')
  const key = rig.desk.ports.stock.seller.keyOf(row.span)
  if (!key) return t.fail('no key')
  rig.store.journal.recordPurchase({ ...paid, state: 'opened' }, 'good', key)
  late.resolve({ ...paid, state: 'opened' })
  await rig.until(() => rig.plain.has(0), 'the late key')
  t.ok(rig.isRight)
  rig.desk.process.sellerNode.release()
  await rig.close()
})

test('shop: closing takes back what is only asked, and does not wait for a wallet that hangs', async (t) => {
  const rig = await shopRig({ pieces: 1 })
  rig.desk.process.sellerNode.stall()
  rig.connect()
  await rig.until(() => rig.store.journal.unfinishedPurchases()[0]?.state === 'paying')
  const deadline = new AbortController()
  const closing = rig.shop.close(deadline.signal)
  await rig.calm(100)
  deadline.abort()
  const unfinished = await closing
  t.deepEqual(
    unfinished.map(({ span }) => span),
    [1],
  )
  rig.desk.process.sellerNode.release()
  await rig.close()
})
