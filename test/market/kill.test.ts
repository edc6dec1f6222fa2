import test, { type Test } from 'tape'
import { booksOf } from '../../src/market/books.ts'
import { runPurchase } from '../../src/market/buy.ts'
import { type ResumePorts, resume } from '../../src/market/resume.ts'
import { runSale } from '../../src/market/sell.ts'
import { Crash, CrashingJournal, type CrashPlan } from './crash.ts'
import {
  COUPON,
  type Deal,
  INFO,
  openChecked,
  type Side,
  START_MSAT,
  TradeRig,
} from './trade-rig.ts'

const WHEN = ['before', 'after'] as const
/** offer, pay, paid, good. */
const BUYER_RECORDS = 4
/** offer, held, accept, settled. */
const SELLER_RECORDS = 4

interface Life {
  readonly journal: CrashingJournal
  readonly die: AbortController
}

/** One process: its journal dies as planned, and `die` ends all its waits. */
function life(side: Side, plan?: CrashPlan): Life {
  return { journal: new CrashingJournal(side.store.journal, plan), die: new AbortController() }
}

/** What a killed process does not: it neither answers nor throws. */
async function untilKilled<T>(work: () => Promise<T>, { die }: Life): Promise<T | undefined> {
  try {
    return await work()
  } catch (err) {
    if (!(err instanceof Crash)) throw err
    die.abort(err)
    return undefined
  }
}

/** The next life of a side: resumes what its disk holds, until nothing is unfinished. */
async function restart(rig: TradeRig, side: Side): Promise<void> {
  await side.reopen()
  const { journal, die } = life(side)
  const ports: ResumePorts = {
    wallet: side.wallet,
    journal,
    keyring: side.store.keyring,
    clock: rig.clock,
    stop: die.signal,
    open: openChecked,
  }
  const { purchases, sales } = resume(ports)
  await Promise.all([...purchases, ...sales])
}

/** Records made by each side's first life. */
interface Counts {
  readonly buyer: number
  readonly seller: number
}

interface Plans {
  readonly buyer?: CrashPlan
  readonly seller?: CrashPlan
}

/** Both sides of a trade, killed as planned, each started again until it is done. */
async function trade(rig: TradeRig, plans: Plans, deal: Deal = {}): Promise<Counts> {
  const draft = rig.draft(deal)
  const coupon = draft.sale.kind === 1 ? COUPON : undefined
  const selling = life(rig.seller, plans.seller)
  const buying = life(rig.buyer, plans.buyer)
  const sell = async (invoice: PromiseWithResolvers<string | undefined>): Promise<void> => {
    const sold = await untilKilled(async () => {
      selling.journal.recordSale(draft.sale, 'offer', coupon)
      invoice.resolve(await rig.invoice(draft.sale))
      return runSale(
        draft.sale,
        rig.sellPorts({ journal: selling.journal, stop: selling.die.signal }),
      )
    }, selling)
    invoice.resolve(undefined)
    if (sold === undefined) await restart(rig, rig.seller)
  }
  const buy = async (invoice: string | undefined): Promise<void> => {
    if (invoice === undefined) return
    const bought = await untilKilled(
      () =>
        runPurchase(
          draft.purchase(invoice),
          rig.buyPorts({ journal: buying.journal, stop: buying.die.signal }),
        ),
      buying,
    )
    if (bought === undefined) await restart(rig, rig.buyer)
  }
  const invoice = Promise.withResolvers<string | undefined>()
  const sold = sell(invoice)
  const bought = invoice.promise.then(buy)
  await rig.clock.until(Promise.all([sold, bought]))
  return { buyer: buying.journal.records, seller: selling.journal.records }
}

/** How it stands on both disks, and that no money is out of its books. */
function check(t: Test, rig: TradeRig, isSold: boolean, killed = 'nobody'): void {
  const { buyer, seller } = rig
  const purchase = buyer.store.journal.purchasesOf(INFO).at(-1)
  const sale = seller.store.journal.salesOf(INFO).at(-1)
  t.equal(sale?.state ?? 'cancelled', isSold ? 'settled' : 'cancelled', `${killed}: sale`)
  t.equal(purchase?.state ?? 'refused', isSold ? 'opened' : 'refused', 'purchase')
  t.equal(buyer.store.keyring.get(INFO, 8)?.span, isSold ? 8 : undefined, 'key')
  const books = booksOf([buyer.store.journal, seller.store.journal])
  t.ok(books.isBalanced, 'books balance')
  t.equal(books.outMsat, isSold ? 5_000n : 0n, 'msat out')
  t.equal(rig.ledger.pending, 0, 'nothing in flight')
  t.equal(
    seller.node.balanceMsat() - START_MSAT,
    books.inMsat,
    'the wallet has what the journal says',
  )
  t.equal(rig.clock.waiting, 0, 'no timer is left')
}

for (const kind of [1, 4] as const) {
  test(`market: kind ${kind}, nobody is killed`, async (t) => {
    const rig = new TradeRig()
    const counts = await trade(rig, {}, { kind })
    check(t, rig, true)
    t.deepEqual(
      counts,
      { buyer: BUYER_RECORDS, seller: SELLER_RECORDS },
      'all records are tried below',
    )
    rig.close()
  })
}

for (const when of WHEN) {
  for (let at = 1; at <= BUYER_RECORDS; at++) {
    test(`law 7: the buyer dies ${when} record ${at}, starts again, and the end is whole`, async (t) => {
      const rig = new TradeRig()
      await trade(rig, { buyer: { at, when } })
      // Only what was not yet `paying` on disk may be given up.
      check(t, rig, at > 2 || (at === 2 && when === 'after'))
      rig.close()
    })
  }
  for (let at = 1; at <= SELLER_RECORDS; at++) {
    test(`law 7: the seller dies ${when} record ${at}, starts again, and the end is whole`, async (t) => {
      const rig = new TradeRig()
      await trade(rig, { seller: { at, when } })
      check(t, rig, at > 1)
      rig.close()
    })
  }
}

test('law 7: both sides die at any two records, and the end is whole', async (t) => {
  const plans = (records: number): CrashPlan[] =>
    Array.from({ length: records }, (_, i) => WHEN.map((when) => ({ at: i + 1, when }))).flat()
  for (const buyer of plans(BUYER_RECORDS))
    for (const seller of plans(SELLER_RECORDS)) {
      const rig = new TradeRig()
      await trade(rig, { buyer, seller })
      const isSold = (buyer.at > 2 || (buyer.at === 2 && buyer.when === 'after')) && seller.at > 1
      check(t, rig, isSold, `${buyer.when} ${buyer.at}, ${seller.when} ${seller.at}`)
      rig.close()
    }
  t.end()
})
