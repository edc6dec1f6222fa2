/**
 * Claims of the wallet suite about trouble: unknown ends, deadlines, restarts, wrong input.
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Test } from 'tape'
import { equal } from '../../src/core/bytes.ts'
import { hasCode } from '../../src/core/errors.ts'
import {
  type Claim,
  freshSale,
  type HeldSale,
  holdAndPay,
  limits,
  patience,
  until,
  type WalletRig,
} from './wallet-rig.ts'

async function abortIsUnknown(t: Test, rig: WalletRig): Promise<void> {
  const { hash, preimage, payRequest, payment } = await holdAndPay(rig)
  const answer = await rig.buyer.pay(payRequest, AbortSignal.abort()).catch((err: unknown) => err)
  t.ok(hasCode(answer, 'PAYMENT_UNKNOWN'), 'an aborted wait concludes nothing')
  t.equal((await rig.buyer.track(hash)).status, 'pending', 'the payment lives on')
  const stop = new AbortController()
  const second = rig.buyer.pay(payRequest, stop.signal).catch((err: unknown) => err)
  stop.abort()
  t.ok(hasCode(await second, 'PAYMENT_UNKNOWN'), 'also when aborted while waiting')
  await rig.seller.settle(preimage)
  const end = await rig.buyer.pay(payRequest, patience())
  t.equal(end.status, 'paid', 'asked again, it tells the true end')
  t.deepEqual(await rig.buyer.track(hash), end)
  t.deepEqual(await payment, end, 'the first wait was not touched')
}

/** Mines block by block, as nodes see them in life, until the hold is over or its expiry has come. */
async function mineToTheEnd(rig: WalletRig, { hash, held }: HeldSale): Promise<void> {
  const isHeld = async (): Promise<boolean> => (await rig.seller.lookupHold(hash)).status === 'held'
  while ((await rig.seller.height()) < held.expiryHeight && (await isHeld())) await rig.mine(1)
}

async function deadlineFails(t: Test, rig: WalletRig): Promise<void> {
  const sale = await holdAndPay(rig)
  await mineToTheEnd(rig, sale)
  await until('failed back', async () => (await rig.seller.lookupHold(sale.hash)).status !== 'held')
  t.equal((await rig.seller.lookupHold(sale.hash)).status, 'cancelled', 'failed back in time')
  t.ok((await rig.seller.height()) <= sale.held.expiryHeight, 'before its expiry height has passed')
  t.equal(await rig.seller.settle(sale.preimage), 'gone', 'a late settle gets nothing')
  t.equal((await sale.payment)?.status, 'failed', 'the payer has its money back')
  await until('quiet again', () => rig.buyer.isQuiet(sale.hash))
}

async function sellerRestarts(t: Test, rig: WalletRig): Promise<void> {
  const toSettle = await holdAndPay(rig)
  const toCancel = await holdAndPay(rig)
  const open = freshSale()
  const openInvoice = await rig.seller.hold(open.request)
  await rig.restart('seller')
  t.deepEqual(await rig.seller.lookupHold(toSettle.hash), toSettle.held, 'still held')
  t.equal((await rig.seller.waitHold(toCancel.hash, patience())).status, 'held')
  t.equal((await rig.seller.lookupHold(open.hash)).status, 'open', 'still open')
  t.equal(await rig.seller.settle(toSettle.preimage), 'settled')
  t.equal(await rig.seller.cancel(toCancel.hash), 'cancelled')
  t.equal((await toSettle.payment)?.status, 'paid')
  t.equal((await toCancel.payment)?.status, 'failed')
  const paying = rig.buyer.pay(await limits(rig.buyer, openInvoice), patience())
  t.equal((await rig.seller.waitHold(open.hash, patience())).status, 'held', 'and is payable')
  t.equal(await rig.seller.settle(open.preimage), 'settled')
  t.equal((await paying).status, 'paid')
  await rig.restart('seller')
  t.equal((await rig.seller.lookupHold(toSettle.hash)).status, 'settled', 'ends are remembered')
  t.equal(await rig.seller.settle(toSettle.preimage), 'settled')
}

async function buyerRestarts(t: Test, rig: WalletRig): Promise<void> {
  const sale = await holdAndPay(rig)
  await rig.restart('buyer')
  await sale.payment
  t.equal((await rig.buyer.track(sale.hash)).status, 'pending', 'still in flight')
  t.equal(await rig.buyer.isQuiet(sale.hash), false)
  const paying = rig.buyer.pay(sale.payRequest, patience())
  t.equal(await rig.seller.settle(sale.preimage), 'settled')
  const end = await paying
  t.ok(
    end.status === 'paid' && equal(end.preimage, sale.preimage),
    'it joins and gets the preimage',
  )
  await rig.restart('buyer')
  t.deepEqual(await rig.buyer.track(sale.hash), end, 'and remembers it')
  t.deepEqual(await rig.buyer.pay(sale.payRequest, patience()), end, 'never paid twice')
}

async function waitsAreAborted(t: Test, rig: WalletRig): Promise<void> {
  const { hash, request } = freshSale()
  await rig.seller.hold(request)
  const stop = new AbortController()
  const wait = rig.seller.waitHold(hash, stop.signal).then(
    () => 'resolved',
    () => 'rejected',
  )
  stop.abort()
  t.equal(await wait, 'rejected')
  t.equal((await rig.seller.lookupHold(hash)).status, 'open', 'the invoice is not touched')
  const woken = rig.seller.waitHold(hash, patience())
  await rig.seller.cancel(hash)
  t.equal((await woken).status, 'cancelled', 'a cancel ends the wait')
}

async function knowsNothingOfStrangers(t: Test, rig: WalletRig): Promise<void> {
  const { hash, preimage } = freshSale()
  t.deepEqual(await rig.seller.lookupHold(hash), { status: 'none' })
  t.deepEqual(await rig.seller.waitHold(hash, patience()), { status: 'none' }, 'at once')
  t.equal(await rig.seller.cancel(hash), 'cancelled', 'nothing to cancel is cancelled')
  t.equal(await rig.seller.settle(preimage), 'gone', 'no money came')
}

async function wrongPreimage(t: Test, rig: WalletRig): Promise<void> {
  const { hash, preimage, payment, held } = await holdAndPay(rig)
  t.equal(await rig.seller.settle(new Uint8Array(randomBytes(32))), 'gone')
  t.deepEqual(await rig.seller.lookupHold(hash), held, 'still held')
  t.equal((await rig.buyer.track(hash)).status, 'pending', 'still in flight')
  await rig.seller.settle(preimage)
  t.equal((await payment)?.status, 'paid')
}

async function changedInvoice(t: Test, rig: WalletRig): Promise<void> {
  const { hash, request } = freshSale(50_000n)
  const invoice = await rig.seller.hold(request)
  const at = invoice.lastIndexOf('1')
  // A tenth of the price: 500n is 50,000 msat, 50n is 5,000.
  const cheaper = invoice.replace(/^(ln[a-z]+)500n1/, '$150n1')
  t.notEqual(cheaper, invoice, 'the amount was changed')
  const flip = invoice[at + 40] === 'q' ? 'p' : 'q'
  const flipped = `${invoice.slice(0, at + 40)}${flip}${invoice.slice(at + 41)}`
  for (const text of [cheaper, flipped, invoice.slice(0, -1), '']) {
    const request = { ...(await limits(rig.buyer, invoice)), invoice: text }
    const answer = await rig.buyer.pay(request, patience()).catch((err: unknown) => err)
    t.ok(hasCode(answer, 'BAD_INVOICE'), `refused: ${text.slice(0, 24)}…`)
  }
  t.equal((await rig.seller.lookupHold(hash)).status, 'open', 'nothing has arrived')
  await rig.seller.cancel(hash)
}

async function manyAtOnce(t: Test, rig: WalletRig): Promise<void> {
  const sales = await Promise.all(Array.from({ length: 8 }, () => holdAndPay(rig)))
  const isEven = (index: number): boolean => index % 2 === 0
  await Promise.all(
    sales.map(({ preimage, hash }, i) =>
      isEven(i) ? rig.seller.settle(preimage) : rig.seller.cancel(hash),
    ),
  )
  const ends = await Promise.all(sales.map(async ({ payment }) => (await payment)?.status))
  t.deepEqual(
    ends,
    sales.map((_, i) => (isEven(i) ? 'paid' : 'failed')),
  )
}

/** Claims about trouble. */
export const troubleClaims: readonly Claim[] = [
  { claim: 'an aborted pay is unknown, and the end is told later', prove: abortIsUnknown },
  { claim: 'holds and payments do not mix', prove: manyAtOnce },
  { claim: 'aborting a wait leaves the invoice alone', prove: waitsAreAborted },
  { claim: 'a hash never seen is none, and safe to cancel', prove: knowsNothingOfStrangers },
  { claim: 'a wrong preimage settles nothing', prove: wrongPreimage },
  { claim: 'a changed invoice is not paid', prove: changedInvoice },
  { claim: 'held and open invoices survive a restart of the seller', prove: sellerRestarts },
  { claim: 'a payment in flight survives a restart of the buyer', prove: buyerRestarts },
  { claim: 'a hold past its deadline is failed back', prove: deadlineFails },
]
