import fc from 'fast-check'
import test from 'tape'
import { mayReserve } from '../../src/core/budget.ts'
import { LntError } from '../../src/core/errors.ts'
import type { Purchase } from '../../src/core/purchase.ts'
import { booksOf } from '../../src/market/books.ts'
import { runPurchase } from '../../src/market/buy.ts'
import { resume } from '../../src/market/resume.ts'
import { runSale } from '../../src/market/sell.ts'
import { Crash, CrashingJournal, type CrashPlan } from './crash.ts'
import { COUPON, INFO, openChecked, type Side, START_MSAT, TradeRig } from './trade-rig.ts'
import { walletOf } from './wallet-of.ts'

/** What goes wrong in one trade. */
interface Fault {
  readonly buyerDies?: CrashPlan
  readonly sellerDies?: CrashPlan
  readonly fault: 'none' | 'unknown' | 'failure' | 'link' | 'away' | 'gone' | 'mined'
  readonly kind: 1 | 4
  readonly isLie: boolean
}

const plans = fc.record(
  {
    at: fc.integer({ min: 1, max: 4 }),
    when: fc.constantFrom('before' as const, 'after' as const),
  },
  { noNullPrototype: true },
)
const faults: fc.Arbitrary<Fault> = fc.record(
  {
    buyerDies: plans,
    sellerDies: plans,
    fault: fc.constantFrom('none', 'unknown', 'failure', 'link', 'away', 'gone', 'mined'),
    kind: fc.constantFrom(1 as const, 4 as const),
    isLie: fc.boolean(),
  },
  { requiredKeys: ['fault', 'kind', 'isLie'], noNullPrototype: true },
)

const BUDGET_MSAT = 20_000n

/** One process and its successor after a crash. */
async function living(
  rig: TradeRig,
  side: Side,
  plan: CrashPlan | undefined,
  first: (journal: CrashingJournal, stop: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const die = new AbortController()
  try {
    await first(new CrashingJournal(side.store.journal, plan), die.signal)
  } catch (err) {
    if (!(err instanceof Crash)) throw err
    die.abort(err)
    await side.reopen()
    const { purchases, sales } = resume({
      wallet: side.wallet,
      journal: side.store.journal,
      keyring: side.store.keyring,
      clock: rig.clock,
      stop: new AbortController().signal,
      open: openChecked,
    })
    await Promise.all([...purchases, ...sales])
  }
}

/** Trades one after another, each with its faults. @returns what is wrong in the end, `undefined` if nothing */
async function story(list: readonly Fault[]): Promise<string | undefined> {
  const rig = new TradeRig()
  try {
    for (const [i, fault] of list.entries()) await rig.clock.until(trade(rig, fault, 16 + i))
    return verdict(rig)
  } finally {
    rig.close()
  }
}

async function trade(rig: TradeRig, fault: Fault, span: number): Promise<void> {
  const { buyer, seller } = rig
  const draft = rig.draft({ span, kind: fault.kind, isLie: fault.isLie })
  const invoice = Promise.withResolvers<string | undefined>()
  const gone = new AbortController()
  const selling = living(rig, seller, fault.sellerDies, async (journal, stop) => {
    journal.recordSale(draft.sale, 'offer', fault.kind === 1 ? COUPON : undefined)
    invoice.resolve(await rig.invoice(draft.sale))
    await runSale(draft.sale, rig.sellPorts({ journal, stop, cancel: gone.signal }))
  }).finally(() => invoice.resolve(undefined))
  const paper = await invoice.promise
  if (paper === undefined) return selling
  begin(rig, fault, gone)
  const buying = living(rig, buyer, fault.buyerDies, (journal, stop) => {
    const wallet = fault.fault === 'away' ? flaky(buyer) : buyer.wallet
    const mayPay = (purchase: Purchase): boolean =>
      mayReserve({ budgetMsat: BUDGET_MSAT, ...buyer.store.journal.spent(INFO) }, purchase)
    return runPurchase(draft.purchase(paper), rig.buyPorts({ journal, stop, wallet, mayPay }))
  })
  // A link that was cut comes back; a block is found.
  rig.clock.after(5_000, () => {
    rig.ledger.setLink(rig.channel, 'up')
    if (fault.fault === 'mined') rig.ledger.mine(3)
  })
  await Promise.all([selling, buying])
}

function begin(rig: TradeRig, { fault }: Fault, gone: AbortController): void {
  if (fault === 'unknown') rig.buyer.node.unknownPays = 1
  if (fault === 'failure') rig.buyer.node.failures.push('no route')
  if (fault === 'link') queueMicrotask(() => rig.ledger.setLink(rig.channel, 'down'))
  if (fault === 'gone') gone.abort()
}

/** Every other question finds the wallet away. */
function flaky({ wallet }: Side): ReturnType<typeof walletOf> {
  let asked = 0
  return walletOf(wallet, {
    track: async (hash) => {
      asked += 1
      if (asked % 2 === 1) throw new LntError({ code: 'WALLET_UNAVAILABLE', why: 'down' })
      return wallet.track(hash)
    },
    pay: async (request, signal) => {
      await wallet.pay(request, signal)
      throw new LntError({ code: 'WALLET_UNAVAILABLE', why: 'the answer was lost' })
    },
  })
}

function verdict(rig: TradeRig): string | undefined {
  const { buyer, seller, ledger } = rig
  const [bought, sold] = [buyer.store.journal, seller.store.journal]
  const books = booksOf([bought, sold])
  const { spentMsat, reservedMsat } = bought.spent(INFO)
  const isRight = {
    'the books balance': books.isBalanced,
    'nothing is lost': books.lostMsat === 0n,
    'nothing is unfinished':
      bought.unfinishedPurchases().length + sold.unfinishedSales().length + ledger.pending === 0,
    'the budget holds': spentMsat + reservedMsat <= BUDGET_MSAT && spentMsat === books.outMsat,
    'the wallets have what the journals say':
      seller.node.balanceMsat() - START_MSAT === books.inMsat,
    'every opened span has its key, every other has none': bought
      .purchasesOf(INFO)
      .every(
        ({ state, span }) =>
          (buyer.store.keyring.get(INFO, span) !== undefined) === (state === 'opened'),
      ),
    'every settled coupon is retired': sold
      .salesOf(INFO)
      .filter(({ kind, state }) => kind === 1 && state === 'settled')
      .every(({ hash }) => seller.store.coupons.stateOf(hash) === 'retired'),
    'every cancelled coupon is in the pool': sold
      .salesOf(INFO)
      .filter(({ kind, state }) => kind === 1 && state === 'cancelled')
      .every(({ hash }) => seller.store.coupons.stateOf(hash) === 'pool'),
  }
  return Object.entries(isRight).find(([, right]) => !right)?.[0]
}

test('laws 2, 3, 7, 8, 10: whatever goes wrong in whatever order, no msat is out of its books', async (t) => {
  const seed = Date.now()
  await fc.assert(
    fc.asyncProperty(fc.array(faults, { minLength: 1, maxLength: 6 }), async (list) => {
      const wrong = await story(list)
      if (wrong !== undefined) throw new Error(`not so: ${wrong}`)
    }),
    { numRuns: 60, seed },
  )
  t.pass(`seed ${seed}`)
  t.end()
})
