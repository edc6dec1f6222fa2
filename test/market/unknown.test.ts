import test, { type Test } from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import type { Purchase } from '../../src/core/purchase.ts'
import { booksOf } from '../../src/market/books.ts'
import { type BuyPorts, runPurchase } from '../../src/market/buy.ts'
import { resume } from '../../src/market/resume.ts'
import { runSale } from '../../src/market/sell.ts'
import type { Tracked } from '../../src/wallet/wallet.ts'
import { bytesOf, INFO, openChecked, TradeRig } from './trade-rig.ts'
import { walletOf } from './wallet-of.ts'

/** Absolute CLTV limit of the stuck payment. */
const LIMIT = 250

/** A buyer whose wallet says "pending" for ever about one payment, as a killed lnd does. */
class Stuck {
  readonly rig: TradeRig = new TradeRig()
  readonly stop: AbortController = new AbortController()
  purchase!: Purchase
  tracked: Tracked = { status: 'pending' }
  height = 0
  isQuiet = true
  nodeId: Uint8Array = this.rig.buyer.node.id
  /** Whether the wallet still knows what it has paid before. */
  isRestored = false
  tracks = 0
  pays = 0

  /** The journal: one act that is settled (if asked for), one payment that is `paying`. */
  async start(hasSettled = true): Promise<void> {
    const { rig } = this
    if (hasSettled) {
      const draft = rig.draft({ name: 'settled', span: 9 })
      const purchase = draft.purchase(await rig.offer(draft))
      const sold = runSale(draft.sale, rig.sellPorts())
      await rig.clock.until(runPurchase(purchase, rig.buyPorts()))
      await rig.clock.until(sold)
    }
    const draft = rig.draft({ name: 'stuck' })
    const { journal } = rig.buyer.store
    const offered = draft.purchase(await rig.invoice(draft.sale))
    const sent = { walletNode: rig.buyer.node.id, expiryLimitHeight: LIMIT }
    this.purchase = { ...offered, ...sent, state: 'paying' }
    journal.recordPurchase(offered, 'offer')
    journal.recordPurchase(this.purchase, 'pay')
  }

  ports(): BuyPorts {
    const nodeId = (): Uint8Array => this.nodeId
    const { wallet } = this.rig.buyer
    const isStuck = (hash: Uint8Array): boolean => hash === this.purchase.hash
    return this.rig.buyPorts({
      stop: this.stop.signal,
      wallet: {
        ...walletOf(wallet, {
          height: async () => this.height,
          isQuiet: async () => this.isQuiet,
          pay: async () => {
            this.pays += 1
            return { status: 'failed', why: 'no route' }
          },
          track: async (hash) => {
            if (isStuck(hash)) this.tracks += 1
            if (isStuck(hash)) return this.tracked
            return this.isRestored ? { status: 'none' } : wallet.track(hash)
          },
        }),
        get nodeId() {
          return nodeId()
        },
      },
    })
  }

  /** Lets the driver look a few more times. */
  async looks(times = 3): Promise<void> {
    const end = this.tracks + times
    for (let turn = 0; this.tracks < end && turn < 5_000; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      this.rig.clock.advance(30_000)
    }
  }

  get state(): string | undefined {
    return this.rig.buyer.store.journal.purchaseOf(this.purchase.hash)?.state
  }

  /** Stops the driver: it must name the payment as unknown. */
  async end(t: Test, run: Promise<unknown>): Promise<void> {
    this.stop.abort()
    const err: unknown = await run.catch((reason: unknown) => reason)
    t.ok(hasCode(err, 'PAYMENT_UNKNOWN'), 'left as unknown')
    t.equal(this.rig.clock.waiting, 0, 'no timer is left')
    this.rig.close()
  }
}

test('law 3: a payment whose answer is lost is neither paid nor failed, until the wallet tells', async (t) => {
  const rig = new TradeRig()
  const draft = rig.draft()
  const purchase = draft.purchase(await rig.offer(draft))
  rig.buyer.node.unknownPays = 1
  rig.seller.node.stall()
  const run = runPurchase(purchase, rig.buyPorts())
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    rig.clock.advance(1_000)
  }
  t.equal(rig.buyer.store.journal.purchaseOf(purchase.hash)?.state, 'paying', 'it waits')
  rig.seller.node.release()
  const sold = runSale(draft.sale, rig.sellPorts())
  t.equal((await rig.clock.until(run)).state, 'opened')
  t.equal((await rig.clock.until(sold)).state, 'settled')
  rig.close()
})

test('law 3: a wallet that is away is asked again', async (t) => {
  const stuck = new Stuck()
  await stuck.start()
  const run = runPurchase(stuck.purchase, stuck.ports())
  await stuck.looks()
  t.equal(stuck.state, 'paying')
  stuck.tracked = { status: 'failed', why: 'no route' }
  t.equal((await stuck.rig.clock.until(run)).state, 'failed')
  t.equal(stuck.pays, 0, 'never paid again')
  stuck.rig.close()
})

for (const { what, set } of [
  { what: 'another wallet', set: (stuck: Stuck) => (stuck.nodeId = bytesOf('x').slice(0, 33)) },
  { what: 'a restored wallet', set: (stuck: Stuck) => (stuck.isRestored = true) },
]) {
  for (const tracked of [{ status: 'none' }, { status: 'failed', why: 'lost' }] as const) {
    test(`law 3: "${tracked.status}" from ${what} proves nothing`, async (t) => {
      const stuck = new Stuck()
      await stuck.start()
      set(stuck)
      stuck.tracked = tracked
      const run = runPurchase(stuck.purchase, stuck.ports())
      await stuck.looks(5)
      t.equal(stuck.state, 'paying')
      t.equal(stuck.pays, 0)
      await stuck.end(t, run)
    })
  }
}

for (const hasSettled of [true, false]) {
  test(`law 3: "none" from the same wallet is paid again with the same limits, settled before: ${hasSettled}`, async (t) => {
    const stuck = new Stuck()
    await stuck.start(hasSettled)
    stuck.tracked = { status: 'none' }
    t.equal(
      (await stuck.rig.clock.until(runPurchase(stuck.purchase, stuck.ports()))).state,
      'failed',
    )
    t.equal(stuck.pays, 1)
    stuck.rig.close()
  })
}

test('law 3: dead only when seen twice and 6 blocks apart; then the budget is free, the hash is not', async (t) => {
  const stuck = new Stuck()
  await stuck.start()
  const { journal } = stuck.rig.buyer.store
  const run = runPurchase(stuck.purchase, stuck.ports())
  for (const height of [LIMIT, LIMIT + 6, LIMIT + 7, LIMIT + 12]) {
    stuck.height = height
    await stuck.looks()
    t.equal(stuck.state, 'paying', `at limit + ${height - LIMIT}`)
  }
  t.equal(journal.spent(INFO).reservedMsat, 6_050n)
  stuck.height = LIMIT + 13
  t.equal((await stuck.rig.clock.until(run)).state, 'dead')
  t.deepEqual([journal.spent(INFO).reservedMsat, journal.spent(INFO).deadMsat], [0n, 6_050n])
  const again = await runPurchase(
    { ...stuck.purchase, state: 'offered', nonce: bytesOf('again'), expiresAtMs: 9e15 },
    stuck.ports(),
  )
  t.equal(again.state, 'refused', 'never paid again')
  t.equal(stuck.pays, 0)
  stuck.rig.close()
})

for (const { what, set } of [
  { what: '(b) another wallet', set: (stuck: Stuck) => (stuck.nodeId = bytesOf('x').slice(0, 33)) },
  { what: '(b) a restored wallet', set: (stuck: Stuck) => (stuck.isRestored = true) },
  { what: '(c, d) a channel that may carry it', set: (stuck: Stuck) => (stuck.isQuiet = false) },
]) {
  test(`law 3: not dead with ${what}, and once is not twice`, async (t) => {
    const stuck = new Stuck()
    await stuck.start()
    const run = runPurchase(stuck.purchase, stuck.ports())
    // Seen dead once, then not: the count begins anew.
    stuck.height = LIMIT + 7
    await stuck.looks()
    set(stuck)
    for (const height of [LIMIT + 13, LIMIT + 100]) {
      stuck.height = height
      await stuck.looks()
      t.equal(stuck.state, 'paying')
    }
    await stuck.end(t, run)
  })
}

test('law 3: a channel that was not quiet in between makes the two sightings begin anew', async (t) => {
  const stuck = new Stuck()
  await stuck.start()
  const run = runPurchase(stuck.purchase, stuck.ports())
  for (const [height, isQuiet] of [
    [LIMIT + 7, true],
    [LIMIT + 10, false],
    [LIMIT + 13, true],
    [LIMIT + 18, true],
  ] as const) {
    stuck.height = height
    stuck.isQuiet = isQuiet
    await stuck.looks()
    t.equal(stuck.state, 'paying', `at limit + ${height - LIMIT}`)
  }
  stuck.height = LIMIT + 19
  t.equal((await stuck.rig.clock.until(run)).state, 'dead')
  stuck.rig.close()
})

test('law 3: not dead while the journal has no settled act to ask the wallet for', async (t) => {
  const stuck = new Stuck()
  await stuck.start(false)
  const run = runPurchase(stuck.purchase, stuck.ports())
  for (const height of [LIMIT + 7, LIMIT + 13, LIMIT + 100]) {
    stuck.height = height
    await stuck.looks()
    t.equal(stuck.state, 'paying')
  }
  await stuck.end(t, run)
})

test('law 3: a dead payment stays watched: a late success opens the key and is booked', async (t) => {
  const stuck = new Stuck()
  await stuck.start()
  const { rig } = stuck
  stuck.height = LIMIT + 7
  const dying = runPurchase(stuck.purchase, stuck.ports())
  await stuck.looks()
  stuck.height = LIMIT + 13
  const dead = await rig.clock.until(dying)
  const watch = runPurchase(dead, stuck.ports())
  stuck.tracked = { status: 'failed', why: 'said of a dead one' }
  await stuck.looks()
  t.equal(stuck.state, 'dead', 'a word that is not a proof moves nothing')
  stuck.tracked = { status: 'paid', preimage: bytesOf('stuck preimage'), feeMsat: 7n }
  t.equal((await rig.clock.until(watch)).state, 'opened')
  t.deepEqual(rig.buyer.store.keyring.get(INFO, 8)?.key, bytesOf('key of 8'))
  t.equal(rig.buyer.store.journal.spent(INFO).spentMsat, 10_007n, 'booked')
  t.equal(booksOf([rig.buyer.store.journal]).feesMsat, 7n)
  rig.close()
})

test('law 3: a preimage of another hash is a loud error, and the payment stays as it is', async (t) => {
  const stuck = new Stuck()
  await stuck.start()
  stuck.tracked = { status: 'paid', preimage: bytesOf('wrong'), feeMsat: 0n }
  const err: unknown = await stuck.rig.clock
    .until(runPurchase(stuck.purchase, stuck.ports()))
    .catch((reason: unknown) => reason)
  t.ok(hasCode(err, 'BAD_WALLET'))
  t.equal(stuck.state, 'paying')
  stuck.rig.close()
})

test('law 3: rows of another wallet are left as they are when a profile resumes', async (t) => {
  const stuck = new Stuck()
  await stuck.start()
  stuck.nodeId = bytesOf('x').slice(0, 33)
  const { keyring } = stuck.rig.buyer.store
  const { wallet } = stuck.ports()
  const { purchases, rows, sales, foreign } = resume({
    wallet: { ...walletOf(stuck.rig.buyer.wallet), ...wallet, nodeId: stuck.nodeId },
    journal: stuck.rig.buyer.store.journal,
    keyring,
    clock: stuck.rig.clock,
    stop: stuck.stop.signal,
    open: openChecked,
  })
  t.deepEqual([purchases.length, rows.length, sales.length, foreign.length], [0, 0, 0, 1])
  stuck.rig.close()
})
