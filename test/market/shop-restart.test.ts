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

test('shop: a payment that is found dead is watched on, and holds up nobody', async (t) => {
  const rig = await shopRig({ pieces: 1 })
  rig.desk.faults.settle = new LntError({ code: 'WALLET_UNAVAILABLE', why: 'away' })
  rig.connect()
  await rig.until(() => rig.desk.sales.some(({ state }) => state === 'settling'), 'the HTLC')
  const [row] = rig.store.journal.unfinishedPurchases()
  if (!row) return t.fail('no row')
  const end = Promise.withResolvers<Purchase>()
  await rig.reopen(() => new Map([[toHex(row.hash), end.promise]]))
  await rig.calm()
  t.equal(rig.shop.standstill, undefined)
  const dead: Purchase = { ...row, state: 'dead' }
  rig.store.journal.recordPurchase(dead, 'dead')
  end.resolve(dead)
  await rig.until(() => rig.shelf.isLocked(0), 'its piece')
  // The old HTLC is settled after all.
  rig.desk.faults.settle = undefined
  await rig.until(() => rig.plain.has(0), 'the late key')
  t.equal(rig.store.journal.purchaseOf(row.hash)?.state, 'opened')
  t.equal(rig.spentMsat, 5_000n)
  await rig.close()
})

test('shop: closing while an offer is on its way pays nothing', async (t) => {
  const rig = await shopRig({ pieces: 1 })
  let sentOffers = 0
  rig.connect({
    tamper: (message) => {
      if (message.type === 'offer') {
        sentOffers += 1
        void rig.shop.close(AbortSignal.timeout(5_000))
      }
      return [message]
    },
  })
  await rig.until(() => sentOffers > 0)
  await rig.calm(100)
  t.equal(rig.store.journal.events().length, 0)
  t.equal(rig.spentMsat, 0n)
  rig.shop.pump()
  rig.shop.verified(0)
  await rig.calm(100)
  t.equal(rig.store.journal.events().length, 0)
  await rig.close()
})

test('shop: a budget that cannot be read is told, not thrown', async (t) => {
  const rig = await shopRig({
    pieces: 1,
    ports: () => ({
      wants: () => {
        throw new Error('ours')
      },
    }),
  })
  rig.connect()
  await rig.until(() => rig.errors.length > 0)
  t.match(String(rig.errors[0]), /ours/)
  await rig.close()
})
