/**
 * Payments of a node. The payment id is the hash, so LDK itself never pays a hash twice at once; our record
 * of a payment is in one commit with the payment, and nothing of it leaves before that is on disk.
 * @module
 */
import * as ldk from 'lightningdevkit'
import { equal, fromHex, toHex } from '../../core/bytes.ts'
import { LntError } from '../../core/errors.ts'
import type { Payment, PayRequest, Tracked } from '../wallet.ts'
import { type Draft, draftOf } from './draft.ts'
import type { NodeEvent } from './events.ts'
import type { LdkNode } from './node.ts'
import { type PaymentRecord, readPayment, writePayment } from './payment-record.ts'
import { Waiters } from './waiters.ts'

const PREFIX = 'payment/'

/** LDK would retry with the same relative limit at a later height, past the absolute one: it never retries. */
const RETRIES = 0

/** How long a payment waits for a channel that is coming back before it has failed unsent, in ms. */
const CHANNEL_TIMEOUT_MS = 20_000

/** The payments of one node. */
export class Payments {
  readonly #node: LdkNode
  readonly #waiters: Waiters<Payment> = new Waiters()
  /** Payments that wait for a channel: not sent yet, no record yet. */
  readonly #starting = new Map<string, Promise<void>>()

  constructor(node: LdkNode) {
    this.#node = node
  }

  /**
   * To be called once, when the events that were pending at the start have been handled: a record that says
   * pending for a payment that LDK does not have was written in a commit that never sent it.
   */
  reconcile(): void {
    const known = new Set(this.#recent().map((payment) => toHex(payment.payment_id)))
    for (const [key, text] of this.#node.records.under(PREFIX)) {
      const hash = fromHex(key.slice(PREFIX.length), 32)
      if (readPayment(text).status === 'pending' && !known.has(toHex(hash)))
        this.#put(hash, { status: 'failed', why: 'never sent' })
    }
  }

  /** As `Wallet.pay`. */
  async pay(request: PayRequest, signal: AbortSignal): Promise<Payment> {
    const draft = draftOf(request.invoice)
    await this.#node.committed()
    const tracked = this.track(draft.hash)
    if (tracked.status === 'paid') return tracked
    const key = toHex(draft.hash)
    if (signal.aborted) throw unknown(key, 'the wait was aborted')
    const end = this.#waiters.wait(key, signal)
    if (tracked.status !== 'pending') this.#start(key, draft, request)
    try {
      return await end
    } catch (cause) {
      throw unknown(key, signal.aborted ? 'the wait was aborted' : 'the node was closed', cause)
    }
  }

  /** As `Wallet.track`, but perhaps not on disk yet. */
  track(hash: Uint8Array): Tracked {
    if (this.#starting.has(toHex(hash))) return { status: 'pending' }
    const text = this.#node.records.get(keyOf(hash))
    return text === undefined ? { status: 'none' } : readPayment(text)
  }

  /** Whether LDK still works on a payment of this hash. */
  isPending(hash: Uint8Array): boolean {
    return (
      this.#starting.has(toHex(hash)) ||
      this.#recent().some(
        (payment) =>
          !(payment instanceof ldk.RecentPaymentDetails_Fulfilled) &&
          equal(payment.payment_id, hash),
      )
    )
  }

  /** Ends all waits. */
  close(error: LntError): void {
    this.#waiters.rejectAll(error)
  }

  /** Takes what happens to outgoing payments. */
  handle(event: NodeEvent): void {
    switch (event.type) {
      case 'sent': {
        const { preimage, feeMsat } = event
        this.#put(event.hash, { status: 'paid', preimage, feeMsat })
        break
      }
      case 'failed':
        if (this.track(event.hash).status === 'pending')
          this.#put(event.hash, { status: 'failed', why: event.why })
        break
      default:
    }
  }

  #start(key: string, draft: Draft, request: PayRequest): void {
    if (this.#starting.has(key)) return
    const starting = this.#send(draft, request).finally(() => this.#starting.delete(key))
    this.#starting.set(key, starting)
    // An error here is the node's end, which ends the waits as well.
    starting.catch(() => {})
  }

  async #send(draft: Draft, request: PayRequest): Promise<void> {
    const canSend = (): boolean =>
      this.#node.channels().some(({ sendableMsat }) => sendableMsat > 0n)
    if (!(await this.#node.until(canSend, CHANNEL_TIMEOUT_MS)))
      return this.#put(draft.hash, { status: 'failed', why: 'no usable channel' })
    const limits = { ...request, height: this.#node.height() }
    const sent = this.#node.engine.manager.send_payment(
      draft.hash,
      draft.onion,
      draft.hash,
      draft.route(limits),
      ldk.Retry.constructor_attempts(RETRIES),
    )
    // A duplicate is a payment that LDK has and we forgot: its end is not known.
    const isFailed =
      sent instanceof ldk.Result_NoneRetryableSendFailureZ_Err &&
      sent.err !== ldk.RetryableSendFailure.LDKRetryableSendFailure_DuplicatePayment
    this.#put(
      draft.hash,
      isFailed ? { status: 'failed', why: whyOf(sent.err) } : { status: 'pending' },
    )
    this.#node.kick()
  }

  #recent(): (ldk.RecentPaymentDetails & { readonly payment_id: Uint8Array })[] {
    return this.#node.engine.manager.list_recent_payments().filter(hasId)
  }

  /** Writes the record; whoever waits hears of an end once it is on disk. */
  #put(hash: Uint8Array, record: PaymentRecord): void {
    this.#node.records.put(keyOf(hash), writePayment(record))
    this.#node.afterCommit(() => {
      if (record.status !== 'pending') this.#waiters.resolve(toHex(hash), record)
    })
  }
}

function hasId(
  payment: ldk.RecentPaymentDetails,
): payment is ldk.RecentPaymentDetails & { readonly payment_id: Uint8Array } {
  return 'payment_id' in payment
}

function keyOf(hash: Uint8Array): string {
  return PREFIX + toHex(hash)
}

function whyOf(failure: ldk.RetryableSendFailure): string {
  return ldk.RetryableSendFailure[failure].replace('LDKRetryableSendFailure_', '')
}

function unknown(hash: string, why: string, cause?: unknown): LntError {
  return new LntError({ code: 'PAYMENT_UNKNOWN', hash, why }, { cause })
}
