import test from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import { encodeInvoice, parseInvoice } from '../../src/wallet/invoice.ts'
import { HOLD_MARGIN_BLOCKS } from '../../src/wallet/ledger-hold.ts'
import { LedgerWallet } from '../../src/wallet/ledger-wallet.ts'
import { LedgerSale, LedgerTown } from './ledger-town.ts'

const NEVER = new AbortController().signal
const clockSeconds = (): number => 1_700_000_000
const charging = (feeBaseMsat: bigint, cltvDelta: number): object => ({
  farPolicy: { feeBaseMsat, feePpm: 10_000n, cltvDelta },
  nearPolicy: { feeBaseMsat, feePpm: 10_000n, cltvDelta },
})

test('ledger: a forwarder earns its fee, to the millisatoshi', (t) => {
  const town = new LedgerTown(3)
  town.open(0, 1, charging(1_000n, 40))
  town.open(1, 2, charging(1_000n, 40))
  const sale = new LedgerSale(town.at(2), 50_000n)
  t.equal(sale.payFrom(town.at(0)).status, 'pending')
  const hold = town.at(2).holds.lookup(sale.hash)
  t.equal(hold.status === 'held' && hold.expiryHeight, 100 + 24 + 3, '24 blocks and 3 of padding')
  t.equal(town.at(2).holds.settle(sale.preimage), 'settled')
  const paid = town.at(0).payments.track(sale.hash)
  t.equal(paid.status === 'paid' && paid.feeMsat, 1_500n, 'base 1,000 + 1 % of 50,000')
  t.deepEqual(
    town.nodes.map((node) => node.balanceMsat()),
    [948_500n, 2_001_500n, 1_050_000n],
  )
  t.equal(town.ledger.audit(), 4_000_000n)
  t.end()
})

test('ledger: the route is the cheapest, or the fastest where that is too slow', (t) => {
  const town = new LedgerTown(4)
  town.open(0, 1, charging(0n, 200))
  town.open(1, 3, charging(0n, 200))
  town.open(0, 2, charging(2_000n, 20))
  town.open(2, 3, charging(2_000n, 20))
  const pay = (limits: object): bigint | string => {
    const sale = new LedgerSale(town.at(3))
    const answer = sale.payFrom(town.at(0), limits)
    if (answer.status === 'failed') return answer.why
    sale.payee.holds.settle(sale.preimage)
    const paid = town.at(0).payments.track(sale.hash)
    return paid.status === 'paid' ? paid.feeMsat : paid.status
  }
  t.equal(pay({ expiryLimitHeight: 100 + 227 }), 50n, 'slow and cheap')
  t.equal(pay({ expiryLimitHeight: 100 + 226 }), 2_050n, 'one block less: fast and dear')
  t.equal(pay({ expiryLimitHeight: 100 + 47 }), 2_050n)
  t.equal(pay({ expiryLimitHeight: 100 + 46 }), 'CLTV limit')
  t.equal(pay({ expiryLimitHeight: 100 + 226, feeLimitMsat: 2_049n }), 'CLTV limit')
  t.equal(pay({ feeLimitMsat: 49n }), 'fee limit')
  t.equal(pay({ amountMsat: 1_000_001n }), 'no route', 'more than any channel has')
  t.equal(new LedgerSale(town.at(0)).payFrom(town.at(0)).status, 'failed', 'not to itself')
  t.end()
})

test('ledger: a channel carries 483 HTLCs each way, and its reserve stays', (t) => {
  const town = new LedgerTown(2)
  const channel = town.open(0, 1, { nearMsat: 10_000_000n, farMsat: 10_000_000n })
  const sales = Array.from({ length: 484 }, () => new LedgerSale(town.at(1)))
  const answers = sales.map((sale) => sale.payFrom(town.at(0)).status)
  t.equal(answers.filter((status) => status === 'pending').length, 483)
  t.equal(answers.at(-1), 'failed')
  t.equal(new LedgerSale(town.at(0)).payFrom(town.at(1)).status, 'pending', 'the other way is free')
  for (const sale of sales.slice(0, 483)) sale.payee.holds.cancel(sale.hash)
  t.equal(channel.near.offered.size, 0, 'all slots are free again')
  const small = new LedgerTown(2)
  small.open(0, 1, { nearMsat: 10_000n, reserveMsat: 1_000n })
  t.equal(small.at(0).liquidity().sendableMsat, 9_000n)
  t.equal(new LedgerSale(small.at(1), 9_001n).payFrom(small.at(0)).status, 'failed')
  t.equal(new LedgerSale(small.at(1), 9_000n).payFrom(small.at(0)).status, 'pending')
  t.end()
})

test('ledger: the payee takes the whole amount, its own secret and enough blocks, or nothing', (t) => {
  const town = new LedgerTown(2)
  town.open(0, 1)
  for (const change of [
    { amountMsat: 4_999n },
    { amountMsat: 1n },
    { paymentSecret: new Uint8Array(32) },
    { cltvDelta: 20 },
  ]) {
    const sale = new LedgerSale(town.at(1))
    t.equal(sale.payFrom(town.at(0), change).status, 'failed', Object.keys(change).join())
    t.equal(sale.status, 'open', 'nothing was held')
    t.equal(sale.payFrom(town.at(0)).status, 'pending', 'the honest payment is')
  }
  t.end()
})

test('ledger: an invoice that its payee did not make is failed by the payee', async (t) => {
  const town = new LedgerTown(2)
  town.open(0, 1)
  const [ledger, payer, payee] = [town.ledger, town.at(0), town.at(1)]
  const wallet = new LedgerWallet({ ledger, node: payer, clockSeconds })
  const seller = new LedgerWallet({ ledger, node: payee, clockSeconds })
  const hash = new Uint8Array(32).fill(5)
  const request = { hash, amountMsat: 50_000n, descriptionHash: hash, cltvDelta: 24 }
  const invoice = parseInvoice(await seller.hold(request))
  const cheap = { ...invoice, amountMsat: 5_000n, validSeconds: 3_600 }
  const limits = { feeLimitMsat: 0n, expiryLimitHeight: 400 }
  const forged = encodeInvoice(cheap, payee.secretKey)
  t.equal((await wallet.pay({ invoice: forged, ...limits }, NEVER)).status, 'failed')
  t.equal((await seller.lookupHold(hash)).status, 'open', 'underpayment is impossible')
  for (const [draft, why] of [
    [{ ...cheap, network: 'signet' as const }, 'other network'],
    [{ ...cheap, createdAtSeconds: clockSeconds() - 3_600 }, 'invoice expired'],
  ] as const)
    t.deepEqual(
      await wallet.pay({ invoice: encodeInvoice(draft, payee.secretKey), ...limits }, NEVER),
      { status: 'failed', why },
    )
  const stranger = encodeInvoice(cheap, new Uint8Array(32).fill(99))
  const answer = await wallet.pay({ invoice: stranger, ...limits }, NEVER)
  t.deepEqual(answer, { status: 'failed', why: 'unknown payee' })
  t.end()
})

test('ledger: a fault hides how a payment ends, and the truth is there later', async (t) => {
  const town = new LedgerTown(2)
  town.open(0, 1)
  const wallet = new LedgerWallet({ ledger: town.ledger, node: town.at(0), clockSeconds })
  const seller = new LedgerWallet({ ledger: town.ledger, node: town.at(1), clockSeconds })
  const { preimage, hash } = new LedgerSale(town.at(0))
  const request = { hash, amountMsat: 5_000n, descriptionHash: hash, cltvDelta: 24 }
  const invoice = await seller.hold(request)
  const pay = { invoice, feeLimitMsat: 0n, expiryLimitHeight: 400 }
  town.at(0).unknownPays = 1
  const answer = await wallet.pay(pay, NEVER).catch((err: unknown) => err)
  t.ok(hasCode(answer, 'PAYMENT_UNKNOWN'))
  t.equal((await wallet.track(hash)).status, 'pending', 'the HTLC lives on')
  await seller.settle(preimage)
  t.equal((await wallet.pay(pay, NEVER)).status, 'paid')
  town.at(0).failures.push('temporary channel failure')
  const next = new LedgerSale(town.at(1))
  t.deepEqual(next.payFrom(town.at(0)), { status: 'failed', why: 'temporary channel failure' })
  t.equal(next.payFrom(town.at(0)).status, 'pending', 'only the next one fails')
  t.end()
})

test('ledger: a settle call before any payment gets nothing, for good', (t) => {
  const town = new LedgerTown(2)
  town.open(0, 1)
  const sale = new LedgerSale(town.at(1))
  t.equal(town.at(1).holds.settle(sale.preimage), 'gone')
  t.equal(sale.status, 'cancelled')
  t.equal(sale.payFrom(town.at(0)).status, 'failed', 'a payment that comes later is refused')
  t.end()
})

test('ledger: a cancelled hash is free again, a settled one only where hashes are reused', (t) => {
  for (const canReuseHash of [true, false]) {
    const town = new LedgerTown(3, { canReuseHash })
    town.open(0, 1)
    town.open(2, 1)
    const first = new LedgerSale(town.at(1))
    town.at(1).holds.cancel(first.hash)
    const second = new LedgerSale(town.at(1), 5_000n, first.preimage)
    second.payFrom(town.at(0))
    t.equal(town.at(1).holds.settle(first.preimage), 'settled')
    try {
      const third = new LedgerSale(town.at(1), 5_000n, first.preimage)
      t.ok(canReuseHash, 'held a third time')
      t.equal(town.at(1).holds.settle(first.preimage), 'settled', 'a late repeat of the first call')
      t.equal(third.status, 'open', 'does not touch the new invoice')
      t.equal(third.payFrom(town.at(0)).status, 'paid', 'the first buyer has its answer')
      t.equal(third.payFrom(town.at(2)).status, 'pending', 'another one pays')
    } catch (err) {
      t.ok(hasCode(err, 'HASH_IN_USE') && !canReuseHash, 'refused')
    }
  }
  t.end()
})

test('ledger: one node sells and buys the same hash at once', (t) => {
  const town = new LedgerTown(3)
  town.open(0, 1)
  town.open(1, 2)
  const upstream = new LedgerSale(town.at(2), 5_000n)
  const downstream = new LedgerSale(town.at(1), 6_000n, upstream.preimage)
  t.equal(downstream.payFrom(town.at(0)).status, 'pending')
  t.equal(upstream.payFrom(town.at(1)).status, 'pending')
  t.equal(downstream.status, 'held', 'its own purchase does not disturb the hold')
  town.at(2).holds.settle(upstream.preimage)
  t.equal(town.at(1).payments.track(upstream.hash).status, 'paid')
  t.equal(downstream.status, 'held', 'nothing is claimed without a settle call')
  town.at(1).holds.settle(upstream.preimage)
  t.equal(town.at(0).payments.track(upstream.hash).status, 'paid')
  t.equal(town.at(1).balanceMsat(), 2_001_000n, 'the forwarder keeps its margin')
  t.end()
})

test('ledger: a held HTLC is failed back 18 blocks before it expires', (t) => {
  const town = new LedgerTown(2)
  town.open(0, 1)
  const sale = new LedgerSale(town.at(1))
  sale.payFrom(town.at(0))
  town.ledger.mine(27 - HOLD_MARGIN_BLOCKS - 1)
  t.equal(sale.status, 'held')
  town.ledger.mine(1)
  t.equal(sale.status, 'cancelled')
  t.equal(town.at(0).payments.track(sale.hash).status, 'failed')
  t.equal(town.at(1).holds.settle(sale.preimage), 'gone')
  t.equal(town.at(0).balanceMsat(), 1_000_000n)
  t.end()
})
