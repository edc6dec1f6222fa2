/**
 * Claims of the wallet suite about a sale that goes its way: hold, pay, settle, cancel, limits.
 * @module
 */
import type { Test } from 'tape'
import { equal, toHex } from '../../src/core/bytes.ts'
import { hasCode } from '../../src/core/errors.ts'
import { parseInvoice } from '../../src/wallet/invoice.ts'
import {
  type Claim,
  freshSale,
  holdAndPay,
  limits,
  patience,
  type Sale,
  until,
  type WalletRig,
} from './wallet-rig.ts'

async function paysItself(t: Test, rig: WalletRig): Promise<void> {
  const { preimage, hash, request, payment, payRequest, held } = await holdAndPay(rig)
  t.equal(held.amountMsat, request.amountMsat, 'the whole amount is held, no more')
  const height = await rig.seller.height()
  t.ok(held.expiryHeight >= height + request.cltvDelta - 1, 'with the blocks that we asked for')
  t.ok(held.expiryHeight <= payRequest.expiryLimitHeight, 'and within the limit of the payer')
  t.equal((await rig.buyer.track(hash)).status, 'pending')
  t.equal(await rig.seller.settle(preimage), 'settled')
  const paid = await payment
  t.equal(paid?.status, 'paid')
  if (paid?.status !== 'paid') return
  t.ok(equal(paid.preimage, preimage), 'the payer has learnt the preimage')
  t.ok(paid.feeMsat >= (rig.routed ? 1n : 0n) && paid.feeMsat <= payRequest.feeLimitMsat, 'fee')
  t.equal((await rig.seller.lookupHold(hash)).status, 'settled')
  t.deepEqual(await rig.buyer.track(hash), paid, 'track says the same')
}

async function saysWhatItSells(t: Test, rig: WalletRig): Promise<void> {
  const { hash, request } = freshSale(7_001n)
  const invoice = parseInvoice(await rig.seller.hold(request))
  t.equal(toHex(invoice.hash), toHex(hash), 'payment hash')
  t.equal(toHex(invoice.descriptionHash), toHex(request.descriptionHash), 'description hash')
  t.equal(toHex(invoice.payee), toHex(rig.seller.nodeId), 'payee')
  t.equal(invoice.amountMsat, 7_001n, 'amount')
  t.equal(invoice.network, rig.seller.network, 'network')
  t.ok(invoice.cltvDelta >= 24 && invoice.cltvDelta <= 27, `final delta ${invoice.cltvDelta}`)
  t.equal((await rig.seller.lookupHold(hash)).status, 'open')
  t.equal(await rig.seller.cancel(hash), 'cancelled')
}

async function cancelFails(t: Test, rig: WalletRig): Promise<void> {
  const { preimage, hash, payment, payRequest } = await holdAndPay(rig)
  t.equal(await rig.seller.cancel(hash), 'cancelled')
  t.equal((await payment)?.status, 'failed', 'the payer gets its money back')
  t.equal((await rig.buyer.track(hash)).status, 'failed')
  t.equal((await rig.seller.lookupHold(hash)).status, 'cancelled')
  t.equal(await rig.seller.cancel(hash), 'cancelled', 'cancel again')
  t.equal(await rig.seller.settle(preimage), 'gone', 'too late to settle')
  t.equal((await rig.buyer.pay(payRequest, patience())).status, 'failed', 'a dead invoice')
}

async function repeatsTheAnswer(t: Test, rig: WalletRig): Promise<void> {
  const { preimage, payment, payRequest, held } = await holdAndPay(rig)
  const joined = rig.buyer.pay(payRequest, patience())
  t.equal(await rig.seller.settle(preimage), 'settled')
  const first = await payment
  t.deepEqual(await joined, first, 'a second call joins the payment in flight')
  const before = await rig.buyer.liquidity()
  t.deepEqual(await rig.buyer.pay(payRequest, patience()), first, 'a later call repeats the answer')
  const after = await rig.buyer.liquidity()
  t.ok(after.sendableMsat > before.sendableMsat - held.amountMsat, 'and pays nothing')
}

async function endsAreFinal(t: Test, rig: WalletRig): Promise<void> {
  const { preimage, hash, payment } = await holdAndPay(rig)
  t.equal(await rig.seller.settle(preimage), 'settled')
  t.equal(await rig.seller.settle(preimage), 'settled', 'settle again')
  t.equal(await rig.seller.cancel(hash), 'settled', 'cancel comes too late')
  t.equal((await payment)?.status, 'paid')
  t.equal((await rig.seller.waitHold(hash, patience())).status, 'settled', 'nothing to wait for')
}

async function failedCanBePaidAnew(t: Test, rig: WalletRig): Promise<void> {
  if (!rig.seller.can.canReuseHash) return t.skip('canReuseHash is false')
  const sale = freshSale()
  const first = await holdAndPay(rig, sale)
  await rig.seller.cancel(sale.hash)
  t.equal((await first.payment)?.status, 'failed')
  const second = await holdAndPay(rig, sale)
  t.equal(await rig.seller.settle(sale.preimage), 'settled')
  t.equal((await second.payment)?.status, 'paid', 'the hash that failed was paid by a new invoice')
}

async function holdsAHashOnce(t: Test, rig: WalletRig): Promise<void> {
  const refuses = async (request: Sale['request'], when: string): Promise<void> => {
    const answer = await rig.seller.hold(request).catch((err: unknown) => err)
    t.ok(hasCode(answer, 'HASH_IN_USE'), when)
  }
  const sale = freshSale()
  await rig.seller.hold(sale.request)
  await refuses(sale.request, 'refused while it is open')
  await rig.seller.cancel(sale.hash)

  const { request, preimage, payment } = await holdAndPay(rig)
  await refuses(request, 'refused while it is held')
  await rig.seller.settle(preimage)
  t.equal((await payment)?.status, 'paid')
  if (!rig.seller.can.canReuseHash)
    await refuses(request, 'refused for ever: canReuseHash is false')
}

async function sellsAHashAgain(t: Test, rig: WalletRig): Promise<void> {
  if (!rig.seller.can.canReuseHash) return t.skip('canReuseHash is false')
  const { request, hash, preimage, payment, payRequest } = await holdAndPay(rig)
  await rig.seller.settle(preimage)
  const first = await payment
  const invoice = await rig.seller.hold(request)
  t.equal((await rig.seller.lookupHold(hash)).status, 'open', 'a new sale')
  const paying = rig.other.pay(await limits(rig.other, invoice), patience())
  t.equal((await rig.seller.waitHold(hash, patience())).status, 'held')
  t.equal(await rig.seller.settle(preimage), 'settled')
  t.equal((await paying).status, 'paid', 'the other buyer has paid')
  t.deepEqual(await rig.buyer.pay(payRequest, patience()), first, 'the first one keeps its answer')
}

async function oneBuyerAtATime(t: Test, rig: WalletRig): Promise<void> {
  const { hash, invoice, preimage, payment } = await holdAndPay(rig)
  const late = await rig.other.pay(await limits(rig.other, invoice), patience())
  t.equal(late.status, 'failed', 'the second buyer of a held hash is failed')
  t.equal((await rig.seller.lookupHold(hash)).status, 'held', 'the first is not disturbed')
  await rig.seller.settle(preimage)
  t.equal((await payment)?.status, 'paid')
}

async function keepsTheFeeLimit(t: Test, rig: WalletRig): Promise<void> {
  if (!rig.buyer.can.canLimitFee) return t.skip('canLimitFee is false')
  if (!rig.routed) return t.skip('the rig has direct channels only: no fee to limit')
  const { hash, request, preimage } = freshSale()
  const invoice = await rig.seller.hold(request)
  const generous = await limits(rig.buyer, invoice)
  const mean = await rig.buyer.pay({ ...generous, feeLimitMsat: 0n }, patience())
  t.equal(mean.status, 'failed', 'no route that is free of charge')
  t.equal((await rig.seller.lookupHold(hash)).status, 'open', 'nothing has arrived')
  const paying = rig.buyer.pay(generous, patience())
  t.equal((await rig.seller.waitHold(hash, patience())).status, 'held', 'with a fee it goes')
  await rig.seller.settle(preimage)
  t.equal((await paying).status, 'paid')
}

async function keepsTheCltvLimit(t: Test, rig: WalletRig): Promise<void> {
  if (!rig.buyer.can.canLimitCltv) return t.skip('canLimitCltv is false')
  const { hash, request } = freshSale()
  const invoice = await rig.seller.hold(request)
  const wide = await limits(rig.buyer, invoice)
  const expiryLimitHeight = (await rig.buyer.height()) + request.cltvDelta - 1
  const answer = await rig.buyer.pay({ ...wide, expiryLimitHeight }, patience())
  t.equal(answer.status, 'failed', 'the final delta alone passes the limit')
  t.equal((await rig.seller.lookupHold(hash)).status, 'open', 'nothing has arrived')
  await rig.seller.cancel(hash)
}

async function knowsWhenItIsQuiet(t: Test, rig: WalletRig): Promise<void> {
  const { hash: unseen } = freshSale()
  t.equal(await rig.buyer.isQuiet(unseen), true, 'a hash never seen')
  t.deepEqual(await rig.buyer.track(unseen), { status: 'none' })
  const paid = await holdAndPay(rig)
  t.equal(await rig.buyer.isQuiet(paid.hash), false, 'not while it is held')
  await rig.seller.settle(paid.preimage)
  await paid.payment
  await until('quiet after settle', () => rig.buyer.isQuiet(paid.hash))
  const failed = await holdAndPay(rig)
  await rig.seller.cancel(failed.hash)
  await failed.payment
  await until('quiet after cancel', () => rig.buyer.isQuiet(failed.hash))
}

/** Claims about sales that go their way. */
export const saleClaims: readonly Claim[] = [
  { claim: 'a held HTLC is settled and the payer learns the preimage', prove: paysItself },
  { claim: 'the invoice says what was asked for', prove: saysWhatItSells },
  { claim: 'a cancelled hold fails the payment', prove: cancelFails },
  { claim: 'pay repeated gives the same answer and pays nothing', prove: repeatsTheAnswer },
  { claim: 'settle and cancel repeat their answer', prove: endsAreFinal },
  { claim: 'a hash that failed may be paid anew', prove: failedCanBePaidAnew },
  { claim: 'one hash has one live invoice', prove: holdsAHashOnce },
  { claim: 'a hash can be sold again if the wallet says so', prove: sellsAHashAgain },
  { claim: 'a second payer of a held hash is failed', prove: oneBuyerAtATime },
  { claim: 'the fee limit is kept', prove: keepsTheFeeLimit },
  { claim: 'the CLTV limit is kept', prove: keepsTheCltvLimit },
  { claim: 'quiet before and after, never in between', prove: knowsWhenItIsQuiet },
]
