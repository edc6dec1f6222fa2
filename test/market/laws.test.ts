import test from 'tape'
import { mayReserve } from '../../src/core/budget.ts'
import { hasCode } from '../../src/core/errors.ts'
import type { Purchase } from '../../src/core/purchase.ts'
import { runPurchase } from '../../src/market/buy.ts'
import { runSale } from '../../src/market/sell.ts'
import { openStore } from '../../src/store/store.ts'
import { bytesOf, INFO, TradeRig } from './trade-rig.ts'
import { walletOf } from './wallet-of.ts'

/** The purchase without its endorsement. */
function unendorsed(purchase: Purchase): Purchase {
  const { endorsement, ...rest } = purchase
  return endorsement ? rest : purchase
}

for (const { what, change } of [
  {
    what: 'kind 4 without an endorsement',
    change: (p: Purchase) => ({ ...unendorsed(p), kind: 4 as const }),
  },
  { what: 'kind 3', change: (p: Purchase) => ({ ...p, kind: 3 as const }) },
  { what: 'kind 2', change: (p: Purchase) => ({ ...p, kind: 2 as const }) },
  {
    what: 'an endorsement that has ended',
    change: (p: Purchase) => ({
      ...p,
      endorsement: { exp: 1_799_999_999, sig: new Uint8Array(64) },
    }),
  },
]) {
  test(`law 1: ${what} is not paid`, async (t) => {
    const rig = new TradeRig()
    const draft = rig.draft({ kind: 4 })
    const purchase = change(draft.purchase(await rig.offer(draft)))
    const ended = await runPurchase(purchase, rig.buyPorts())
    t.equal(ended.state, 'refused')
    t.equal((await rig.buyer.wallet.track(purchase.hash)).status, 'none', 'nothing was sent')
    rig.close()
  })
}

test('law 2: one hash offered twice at once is paid once', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const first = draft.purchase(await rig.offer(draft))
  const second = { ...first, nonce: bytesOf('another ask'), span: 9 }
  const sold = runSale(draft.sale, rig.sellPorts())
  const ends = await rig.clock.until(
    Promise.all([first, second].map((purchase) => runPurchase(purchase, rig.buyPorts()))),
  )
  t.deepEqual(ends.map(({ state }) => state).sort(), ['opened', 'refused'])
  await rig.clock.until(sold)
  t.equal(rig.seller.node.balanceMsat(), 1_005_000n)
  rig.close()
})

test('law 2: a hash that was sent before is not sent again, whatever became of it', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  rig.buyer.node.failures.push('no route')
  t.equal((await runPurchase(purchase, rig.buyPorts())).state, 'failed')
  const again = { ...purchase, nonce: bytesOf('another ask') }
  t.equal((await runPurchase(again, rig.buyPorts())).state, 'refused')
  rig.close()
})

test('law 2: the store refuses a second payment of a hash even from a driver with a bug', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const { journal } = rig.buyer.store
  const first = draft.purchase(await rig.offer(draft))
  const second = { ...first, nonce: bytesOf('another ask') }
  const sent = { state: 'paying', walletNode: rig.buyer.node.id, expiryLimitHeight: 250 } as const
  for (const purchase of [first, second]) journal.recordPurchase(purchase, 'offer')
  journal.recordPurchase({ ...first, ...sent }, 'pay')
  try {
    journal.recordPurchase({ ...second, ...sent }, 'pay')
    t.fail('recorded')
  } catch (err) {
    t.ok(hasCode(err, 'ALREADY_PAID'))
  }
  t.equal(journal.spent(INFO).reservedMsat, 6_050n, 'one of them is reserved')
  rig.close()
})

test('law 2: a key that is held is not bought', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft({ span: 9 })
  const purchase = draft.purchase(await rig.offer(draft))
  rig.buyer.store.keyring.put(INFO, { span: 4, key: bytesOf('key of 4') }, 'bought')
  t.equal((await runPurchase(purchase, rig.buyPorts())).state, 'refused')
  t.equal((await rig.buyer.wallet.track(purchase.hash)).status, 'none', 'nothing was sent')
  rig.close()
})

test('law 6: every payment carries the fee limit and the CLTV limit that are on disk', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  const wallet = walletOf(rig.buyer.wallet, {
    pay: (request, signal) => {
      const row = rig.buyer.store.journal.purchaseOf(purchase.hash)
      t.equal(request.feeLimitMsat, 1_050n, '1 % + 1 sat')
      t.equal(request.expiryLimitHeight, rig.ledger.height + 150)
      t.deepEqual([row?.feeLimitMsat, row?.expiryLimitHeight], [1_050n, request.expiryLimitHeight])
      return rig.buyer.wallet.pay(request, signal)
    },
  })
  void runSale(draft.sale, rig.sellPorts())
  const ended = await rig.clock.until(runPurchase(purchase, rig.buyPorts({ wallet })))
  t.equal(ended.state, 'opened')
  rig.close()
})

test('law 7: what makes a payment recoverable is on disk before the wallet is told to pay', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  let calls = 0
  const wallet = walletOf(rig.buyer.wallet, {
    pay: (request, signal) => {
      calls += 1
      // Another connection sees what has been committed, and nothing else.
      const disk = openStore(rig.buyer.dir)
      const row = disk.journal.purchaseOf(purchase.hash)
      t.equal(row?.state, 'paying')
      t.deepEqual(row?.walletNode, rig.buyer.node.id)
      t.deepEqual(row?.wrap, purchase.wrap, 'the opened wrap')
      disk.close()
      return rig.buyer.wallet.pay(request, signal)
    },
  })
  const sold = runSale(draft.sale, rig.sellPorts())
  await rig.clock.until(runPurchase(purchase, rig.buyPorts({ wallet })))
  await rig.clock.until(sold)
  t.equal(calls, 1)
  rig.close()
})

test('law 7: a coupon is retired on disk before the settle call', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  let calls = 0
  const wallet = walletOf(rig.seller.wallet, {
    settle: (preimage) => {
      calls += 1
      const disk = openStore(rig.seller.dir)
      t.equal(disk.journal.saleOf(draft.sale.hash)?.state, 'settling')
      t.equal(disk.coupons.stateOf(draft.sale.hash), 'retired')
      disk.close()
      return rig.seller.wallet.settle(preimage)
    },
  })
  const sold = runSale(draft.sale, rig.sellPorts({ wallet }))
  await rig.clock.until(runPurchase(purchase, rig.buyPorts()))
  t.equal((await rig.clock.until(sold)).state, 'settled')
  t.equal(calls, 1)
  rig.close()
})

test('law 10: purchases that race for a budget never exceed it', async (t) => {
  const rig = new TradeRig()
  const budgetMsat = 20_000n
  const { journal } = rig.buyer.store
  const mayPay = (purchase: Purchase): boolean =>
    mayReserve({ budgetMsat, ...journal.spent(INFO) }, purchase)
  const drafts = Array.from({ length: 8 }, (_, i) => rig.draft({ span: 8 + i }))
  const runs = drafts.map(async (draft) => {
    const purchase = draft.purchase(await rig.offer(draft))
    void runSale(draft.sale, rig.sellPorts())
    return runPurchase(
      purchase,
      rig.buyPorts({
        mayPay,
        wallet: walletOf(rig.buyer.wallet, {
          pay: (request, signal) => {
            const { spentMsat, reservedMsat } = journal.spent(INFO)
            t.ok(spentMsat + reservedMsat <= budgetMsat, `${spentMsat} + ${reservedMsat}`)
            return rig.buyer.wallet.pay(request, signal)
          },
        }),
      }),
    )
  })
  const ends = await rig.clock.until(Promise.all(runs))
  t.equal(ends.filter(({ state }) => state === 'opened').length, 3, '3 × (5,000 + 1,050) fit')
  t.equal(journal.spent(INFO).spentMsat, 15_000n)
  rig.close()
})

test('law 10: an unknown outcome keeps its part of the budget; a known failure gives it back', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  const stop = new AbortController()
  rig.buyer.node.unknownPays = 1
  rig.seller.node.stall()
  const run = runPurchase(purchase, rig.buyPorts({ stop: stop.signal })).catch(
    (err: unknown) => err,
  )
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(rig.buyer.store.journal.spent(INFO).reservedMsat, 6_050n)
  stop.abort()
  t.ok(hasCode(await run, 'PAYMENT_UNKNOWN'))
  t.equal(rig.buyer.store.journal.spent(INFO).reservedMsat, 6_050n, 'also after it was left')
  rig.buyer.node.failures.push('no route')
  const other = rig.draft({ span: 9 })
  await runPurchase(other.purchase(await rig.offer(other)), rig.buyPorts())
  t.equal(rig.buyer.store.journal.spent(INFO).reservedMsat, 6_050n, 'the failed one has none')
  rig.close()
})
