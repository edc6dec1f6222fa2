import test from 'tape'
import { booksOf, cashOf } from '../../src/market/books.ts'
import { bookCheat, runPurchase } from '../../src/market/buy.ts'
import { runSale } from '../../src/market/sell.ts'
import { type Deal, START_MSAT, TradeRig } from './trade-rig.ts'
import { walletOf } from './wallet-of.ts'

async function trade(rig: TradeRig, deal: Deal): Promise<string> {
  const draft = rig.draft(deal)
  const purchase = draft.purchase(await rig.offer(draft))
  const sold = runSale(draft.sale, rig.sellPorts())
  const bought = await rig.clock.until(runPurchase(purchase, rig.buyPorts()))
  const { state } = await rig.clock.until(sold)
  return `${bought.state} ${state}`
}

test('law 8: after trades of every end, msat out = msat in + fees + lost, per hash and in all', async (t) => {
  const rig = new TradeRig()
  const { buyer, seller } = rig
  t.equal(await trade(rig, { span: 8 }), 'opened settled')
  t.equal(await trade(rig, { span: 9, kind: 4, amountMsat: 1n }), 'opened settled')
  t.equal(await trade(rig, { span: 10, isLie: true }), 'cheated settled')
  buyer.node.failures.push('no route')
  t.equal(await trade(rig, { span: 11 }), 'failed cancelled')
  const books = booksOf([buyer.store.journal, seller.store.journal])
  t.ok(books.isBalanced)
  t.deepEqual(
    [books.outMsat, books.inMsat, books.feesMsat, books.lostMsat, books.openMsat],
    [10_001n, 10_001n, 0n, 0n, 0n],
  )
  t.equal(seller.node.balanceMsat() - START_MSAT, books.inMsat, 'as the wallets have it')
  t.deepEqual(cashOf(buyer.store.journal), {
    outMsat: 10_001n,
    inMsat: 0n,
    feesMsat: 0n,
    openMsat: 0n,
  })
  rig.close()
})

test('law 8: a key that opens something else is in no ring, and its price is in the books', async (t) => {
  const rig = new TradeRig()
  t.equal(await trade(rig, { span: 10, isLie: true }), 'cheated settled')
  t.equal(rig.buyer.store.keyring.get(new Uint8Array(32).fill(0x11), 10), undefined)
  t.equal(cashOf(rig.buyer.store.journal).outMsat, 5_000n)
  rig.close()
})

test('law 8: a piece that comes later and misses its commitment turns the purchase, not the books', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  const sold = runSale(draft.sale, rig.sellPorts())
  const opened = await rig.clock.until(runPurchase(purchase, rig.buyPorts()))
  await rig.clock.until(sold)
  const { journal } = rig.buyer.store
  t.equal(bookCheat(opened, { journal }).state, 'cheated')
  t.equal(journal.purchaseOf(purchase.hash)?.state, 'cheated')
  t.ok(booksOf([journal, rig.seller.store.journal]).isBalanced)
  rig.close()
})

test('law 8: what a seller loses to the chain is named, not hidden', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  // The buyer learns the preimage, yet the seller's claim comes too late.
  const wallet = walletOf(rig.seller.wallet, {
    settle: async (preimage) => {
      await rig.seller.wallet.settle(preimage)
      return 'gone'
    },
  })
  const sold = runSale(draft.sale, rig.sellPorts({ wallet }))
  t.equal((await rig.clock.until(runPurchase(purchase, rig.buyPorts()))).state, 'opened')
  t.equal((await rig.clock.until(sold)).state, 'lost')
  const books = booksOf([rig.buyer.store.journal, rig.seller.store.journal])
  t.deepEqual([books.outMsat, books.inMsat, books.lostMsat], [5_000n, 0n, 5_000n])
  t.ok(books.isBalanced)
  rig.close()
})

test('law 8: books with one side missing, or a payment open, do not claim to balance', async (t) => {
  const rig = new TradeRig()
  t.equal(await trade(rig, { span: 8 }), 'opened settled')
  t.notOk(booksOf([rig.buyer.store.journal]).isBalanced)
  t.notOk(booksOf([rig.seller.store.journal]).isBalanced)
  const draft = rig.draft({ span: 9 })
  const purchase = draft.purchase(await rig.offer(draft))
  const bought = runPurchase(purchase, rig.buyPorts())
  await new Promise((resolve) => setImmediate(resolve))
  const open = booksOf([rig.buyer.store.journal, rig.seller.store.journal])
  t.notOk(open.isBalanced)
  t.equal(open.openMsat, 5_000n)
  await rig.clock.until(runSale(draft.sale, rig.sellPorts()))
  await rig.clock.until(bought)
  t.ok(booksOf([rig.buyer.store.journal, rig.seller.store.journal]).isBalanced)
  rig.close()
})
