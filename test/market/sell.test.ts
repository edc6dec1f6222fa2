import test from 'tape'
import { LntError } from '../../src/core/errors.ts'
import { runPurchase } from '../../src/market/buy.ts'
import { resume } from '../../src/market/resume.ts'
import { runSale, SETTLE_BLOCKS } from '../../src/market/sell.ts'
import type { Hold } from '../../src/wallet/wallet.ts'
import { openChecked, TradeRig } from './trade-rig.ts'
import { walletOf } from './wallet-of.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

for (const { blocks, end } of [
  { blocks: SETTLE_BLOCKS, end: 'settled' },
  { blocks: SETTLE_BLOCKS - 1, end: 'cancelled' },
] as const) {
  test(`law 9: an HTLC held with ${blocks} blocks left is ${end}`, async (t) => {
    const rig = new TradeRig()
    const draft = rig.draft()
    const held: Hold = { status: 'held', amountMsat: 5_000n, expiryHeight: 100 + blocks }
    let settles = 0
    await rig.offer(draft)
    const wallet = walletOf(rig.seller.wallet, {
      height: async () => 100,
      waitHold: async () => held,
      lookupHold: async () => held,
      settle: async () => {
        settles += 1
        return 'settled'
      },
    })
    t.equal((await runSale(draft.sale, rig.sellPorts({ wallet }))).state, end)
    t.equal(settles, end === 'settled' ? 1 : 0)
    rig.close()
  })
}

test('law 9: a held HTLC that grew old while its seller was down is refused at the next start', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  const bought = runPurchase(purchase, rig.buyPorts())
  await turn()
  const hold = await rig.seller.wallet.lookupHold(draft.sale.hash)
  t.equal(hold.status, 'held')
  const expiryHeight = hold.status === 'held' ? hold.expiryHeight : 0
  rig.seller.store.journal.recordSale({ ...draft.sale, state: 'held', expiryHeight }, 'held')
  await rig.seller.reopen()
  const { wallet, store } = rig.seller
  const late = expiryHeight - SETTLE_BLOCKS + 1
  const { sales } = resume({
    wallet: walletOf(wallet, { height: async () => late }),
    journal: store.journal,
    keyring: store.keyring,
    clock: rig.clock,
    stop: new AbortController().signal,
    open: openChecked,
  })
  const [sale] = await rig.clock.until(Promise.all(sales))
  t.equal(sale?.state, 'cancelled')
  t.equal(store.coupons.stateOf(draft.sale.hash), 'pool', 'its preimage was never told')
  t.equal((await rig.clock.until(bought)).state, 'failed', 'the money went back')
  rig.close()
})

test('law 9: an HTLC that its node has failed back before the settle call is lost, not settled', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  const bought = runPurchase(purchase, rig.buyPorts())
  const wallet = walletOf(rig.seller.wallet, {
    settle: async (preimage) => {
      rig.ledger.mine(30)
      return rig.seller.wallet.settle(preimage)
    },
  })
  const sale = await rig.clock.until(runSale(draft.sale, rig.sellPorts({ wallet })))
  t.equal(sale.state, 'lost')
  t.equal(rig.seller.store.coupons.stateOf(draft.sale.hash), 'retired')
  t.equal((await rig.clock.until(bought)).state, 'failed')
  t.equal(rig.seller.node.balanceMsat(), 1_000_000n)
  rig.close()
})

test('sell: less than the whole amount is refused', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  await rig.offer(draft)
  const held: Hold = { status: 'held', amountMsat: 4_999n, expiryHeight: 200 }
  const wallet = walletOf(rig.seller.wallet, {
    waitHold: async () => held,
    lookupHold: async () => held,
  })
  t.equal((await runSale(draft.sale, rig.sellPorts({ wallet }))).state, 'cancelled')
  rig.close()
})

test('sell: an offer ends by our clock, and an HTLC that comes later is failed', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  const sold = runSale(draft.sale, rig.sellPorts())
  await turn()
  rig.clock.advance(59_999)
  await turn()
  t.equal((await rig.seller.wallet.lookupHold(draft.sale.hash)).status, 'open')
  rig.clock.advance(1)
  t.equal((await sold).state, 'cancelled')
  const late = { ...purchase, expiresAtMs: purchase.expiresAtMs + 60_000 }
  t.equal((await runPurchase(late, rig.buyPorts())).state, 'failed')
  rig.close()
})

test('sell: a buyer that takes its ask back frees the offer at once', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  await rig.offer(draft)
  const cancel = new AbortController()
  const sold = runSale(draft.sale, rig.sellPorts({ cancel: cancel.signal }))
  await turn()
  cancel.abort()
  t.equal((await sold).state, 'cancelled')
  t.equal(rig.seller.store.coupons.stateOf(draft.sale.hash), 'pool')
  t.equal(rig.clock.waiting, 0, 'no timer is left')
  rig.close()
})

test('sell: what is held when the buyer goes is sold all the same', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  const bought = runPurchase(purchase, rig.buyPorts())
  await turn()
  const { wallet: real } = rig.seller
  // The buyer went in the very moment in which its money came.
  const wallet = walletOf(real, {
    waitHold: async (hash, signal) => {
      signal.throwIfAborted()
      return real.waitHold(hash, signal)
    },
  })
  const sold = runSale(draft.sale, rig.sellPorts({ wallet, cancel: AbortSignal.abort() }))
  t.equal((await rig.clock.until(sold)).state, 'settled')
  t.equal((await rig.clock.until(bought)).state, 'opened')
  rig.close()
})

test('sell: a wallet that is away is asked again, in every state', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  const { wallet: real } = rig.seller
  const seen = new Set<string>()
  /** The first call of each kind finds the wallet away. */
  const flaky = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    if (seen.has(name)) return call()
    seen.add(name)
    throw new LntError({ code: 'WALLET_UNAVAILABLE', why: 'down' })
  }
  const wallet = walletOf(real, {
    height: () => flaky('height', () => real.height()),
    waitHold: (hash, signal) => flaky('waitHold', () => real.waitHold(hash, signal)),
    lookupHold: (hash) => flaky('lookupHold', () => real.lookupHold(hash)),
    settle: (preimage) => flaky('settle', () => real.settle(preimage)),
  })
  const sold = runSale(draft.sale, rig.sellPorts({ wallet }))
  const bought = runPurchase(purchase, rig.buyPorts())
  t.equal((await rig.clock.until(sold)).state, 'settled')
  t.equal((await rig.clock.until(bought)).state, 'opened')
  t.equal(seen.size, 4)
  rig.close()
})

test('sell: when stopped, the sale stays as it is on disk', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  await rig.offer(draft)
  const stop = new AbortController()
  const sold = runSale(draft.sale, rig.sellPorts({ stop: stop.signal })).catch(
    (err: unknown) => err,
  )
  await turn()
  const why = new Error('the program ends')
  stop.abort(why)
  t.equal(await sold, why)
  t.equal(rig.seller.store.journal.saleOf(draft.sale.hash)?.state, 'offered')
  t.equal(rig.clock.waiting, 0, 'no timer is left')
  rig.close()
})
