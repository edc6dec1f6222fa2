/**
 * Runs one purchase: the table says where to go, this file does what each state asks for (docs/protocol.md §9).
 * @module
 */
import { hash as digest } from 'node:crypto'
import { equal, toHex } from '../core/bytes.ts'
import type { Clock } from '../core/clock.ts'
import { hasCode, LntError } from '../core/errors.ts'
import { isFinal, next } from '../core/machine.ts'
import { PURCHASE, type Purchase, type PurchaseEvent } from '../core/purchase.ts'
import type { Journal } from '../store/journal.ts'
import type { KeyRing } from '../store/keyring.ts'
import type { Payment } from '../wallet/wallet.ts'
import { type Followed, type FollowPorts, follow, payOnce, type Sent } from './follow.ts'

/** What a paid purchase turned out to be. */
export type Opened =
  | { readonly good: true; readonly key: Uint8Array }
  | { readonly good: false; readonly why: string }

/** What a purchase acts on. */
export interface BuyPorts extends FollowPorts {
  readonly journal: Pick<
    Journal,
    'recordPurchase' | 'transaction' | 'knows' | 'wasSent' | 'latestSettledAct'
  >
  readonly keyring: Pick<KeyRing, 'get'>
  readonly clock: Clock
  /** Takes the purchase back while nothing is sent. */
  readonly cancel: AbortSignal
  /** Absolute CLTV limit of a payment sent at this height (docs/protocol.md §7). */
  readonly limitHeight: (height: number) => number
  /** The last word on the budget: synchronous, in the transaction that records `paying` (money law 10). */
  readonly mayPay: (purchase: Purchase) => boolean
  /** Checks what the preimage opens (docs/protocol.md §7 "After paying"). */
  readonly open: (purchase: Purchase, preimage: Uint8Array) => Promise<Opened>
}

/**
 * Takes a purchase to its end, `opened`, or a `dead` that is new. An `offered` one that the journal does not know
 * is added to it with its next step; a `dead` one given in is watched until the wallet tells of a late success.
 * @throws {@link LntError} `PAYMENT_UNKNOWN` when stopped while the outcome is not known: the journal resumes it;
 *   `BAD_WALLET` when the preimage is not that of the hash; what `open`, the journal and the wallet throw
 */
export async function runPurchase(purchase: Purchase, ports: BuyPorts): Promise<Purchase> {
  let now = purchase
  let isFresh = false
  while (!isFinal(PURCHASE, now.state) && now.state !== 'opened') {
    const outcome = await act(now, isFresh, ports)
    isFresh = outcome.event === 'pay'
    now = now.state === 'offered' ? leave(now, outcome, ports) : record(now, outcome, ports)
    if (now.state === 'dead') break
  }
  return now
}

/**
 * Takes up a purchase of an earlier life: one that was not sent is taken back, every other goes on.
 * @throws as {@link runPurchase}
 */
export function resumePurchase(purchase: Purchase, ports: FollowUpPorts): Promise<Purchase> {
  const cancel = AbortSignal.abort()
  return runPurchase(purchase, { ...ports, cancel, limitHeight: (h) => h, mayPay: () => false })
}

/** What a purchase acts on once it is not to be sent any more. */
export type FollowUpPorts = Omit<BuyPorts, 'cancel' | 'limitHeight' | 'mayPay'>

/**
 * Books that a piece which came after its key misses its plaintext commitment.
 * @returns the row, now `cheated`
 */
export function bookCheat(purchase: Purchase, ports: Pick<BuyPorts, 'journal'>): Purchase {
  return record(purchase, { event: 'bad' }, ports)
}

interface Outcome {
  readonly event: PurchaseEvent
  readonly key?: Uint8Array
  /** What the row has learnt. */
  readonly learnt?: Partial<
    Pick<Purchase, 'walletNode' | 'expiryLimitHeight' | 'preimage' | 'feeMsat'>
  >
}

function record(
  purchase: Purchase,
  { event, key, learnt }: Outcome,
  { journal }: Pick<BuyPorts, 'journal'>,
): Purchase {
  const then = { ...purchase, ...learnt, state: next('purchase', PURCHASE, purchase.state, event) }
  journal.recordPurchase(then, event, key)
  return then
}

/**
 * From `offered` on: the last check and the record that relies on it are one transaction, so that two purchases at once
 * cannot both pass (money laws 1, 2, 10). A new purchase enters the journal in the same one: nothing has been done
 * for it before, and a commit costs as much as a payment hop.
 */
function leave(purchase: Purchase, outcome: Outcome, ports: BuyPorts): Purchase {
  const { journal } = ports
  const cancel: Outcome = { event: 'cancel' }
  const step = (choose: () => Outcome): Purchase =>
    journal.transaction(() => {
      if (!journal.knows(purchase)) journal.recordPurchase(purchase, 'offer')
      return record(purchase, choose(), ports)
    })
  try {
    const isPay = outcome.event === 'pay'
    return step(() => (isPay && !mayStillPay(purchase, ports) ? cancel : outcome))
  } catch (err) {
    // The store's own guard of law 2.
    if (!hasCode(err, 'ALREADY_PAID')) throw err
    return step(() => cancel)
  }
}

function mayStillPay(purchase: Purchase, ports: BuyPorts): boolean {
  const { journal, keyring, clock, cancel, mayPay } = ports
  return (
    !cancel.aborted &&
    clock.nowMs() < purchase.expiresAtMs &&
    isVouched(purchase, clock.nowMs()) &&
    // Also one that failed: should the outcome of a second payment get lost, the wallet's "failed" could be the first's.
    !journal.wasSent(purchase.hash) &&
    keyring.get(purchase.infoSha256, purchase.span) === undefined &&
    mayPay(purchase)
  )
}

/**
 * Money law 1, as far as a row can tell: kind 4 lives by a fresh endorsement, kind 1 may go without (`--unendorsed`);
 * kinds 2 and 3 are not bought yet.
 */
function isVouched({ kind, endorsement }: Purchase, nowMs: number): boolean {
  const isFresh = endorsement !== undefined && endorsement.exp * 1000 > nowMs
  return kind === 4 ? isFresh : kind === 1 && (endorsement === undefined || isFresh)
}

/** Every call here is safe to repeat: after a crash it is made again. */
async function act(purchase: Purchase, isFresh: boolean, ports: BuyPorts): Promise<Outcome> {
  switch (purchase.state) {
    case 'offered':
      return decide(purchase, ports)
    case 'paying': {
      const sent = sentOf(purchase)
      // A payment begun in an earlier life is asked for before it is repeated.
      const end = (isFresh ? await payOnce(sent, ports) : undefined) ?? (await follow(sent, ports))
      return ended(purchase, end)
    }
    case 'dead':
      return ended(purchase, await follow(sentOf(purchase), ports))
    case 'paid':
      return opening(purchase, ports)
    case 'wanted':
    case 'opened':
    case 'refused':
    case 'failed':
    case 'cheated':
      throw new LntError({ code: 'BAD_JOURNAL', why: `nothing to do when ${purchase.state}` })
  }
}

/** Everything that the payment needs is gathered, and written, before it is made (money laws 6, 7). */
async function decide(purchase: Purchase, ports: BuyPorts): Promise<Outcome> {
  const { wallet, clock, cancel, limitHeight } = ports
  if (cancel.aborted) return { event: 'cancel' }
  if (clock.nowMs() >= purchase.expiresAtMs) return { event: 'expired' }
  const learnt = {
    walletNode: wallet.nodeId,
    expiryLimitHeight: limitHeight(await wallet.height()),
  }
  return { event: 'pay', learnt }
}

function ended(purchase: Purchase, end: Followed): Outcome {
  if (end.status !== 'paid') return { event: end.status }
  checkPreimage(purchase, end)
  return { event: 'paid', learnt: { preimage: end.preimage, feeMsat: end.feeMsat } }
}

async function opening(purchase: Purchase, { open }: BuyPorts): Promise<Outcome> {
  const { preimage } = purchase
  if (preimage === undefined)
    throw new LntError({ code: 'BAD_JOURNAL', why: 'paid without a preimage' })
  const opened = await open(purchase, preimage)
  return opened.good ? { event: 'good', key: opened.key } : { event: 'bad' }
}

/** A wallet that says "paid" without the proof of it must not be believed, nor may the payment be made again. */
function checkPreimage({ hash }: Purchase, { preimage }: Payment & { status: 'paid' }): void {
  if (!equal(digest('sha256', preimage, 'buffer'), hash))
    throw new LntError({ code: 'BAD_WALLET', why: `its preimage of ${toHex(hash)} is another's` })
}

function sentOf(purchase: Purchase): Sent {
  const { walletNode, expiryLimitHeight } = purchase
  if (walletNode === undefined || expiryLimitHeight === undefined)
    throw new LntError({ code: 'BAD_JOURNAL', why: `${purchase.state} without wallet and limit` })
  return { ...purchase, walletNode, expiryLimitHeight }
}
