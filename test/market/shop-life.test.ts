import test from 'tape'
import type { Message } from '../../extensions/lnt-trade/message.ts'
import { shopRig } from './shop-rig.ts'

const asksOf = (sent: readonly Message[]): number =>
  sent.filter(({ type }) => type === 'ask').length

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
