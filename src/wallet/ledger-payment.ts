/**
 * The outgoing payments of one node of the ledger: one per hash, failed ones may be made anew.
 * @module
 */
import { toHex } from '../core/bytes.ts'
import type { Peer } from './ledger-channel.ts'
import { findRoute } from './ledger-route.ts'
import { type Ending, Transit } from './ledger-transit.ts'
import { Watchers } from './ledger-watch.ts'
import type { Tracked } from './wallet.ts'

/** Blocks that a payer adds to the final delta, for blocks found on the way (lnd's BlockPadding). */
export const FINAL_PAD_BLOCKS = 3

/** What is to be paid: an invoice as the ledger's core sees it, and the limits of the payer. */
export interface Order {
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
  /** 32 bytes. */
  readonly paymentSecret: Uint8Array
  readonly payee: Peer
  readonly amountMsat: bigint
  /** Blocks that the invoice asks for. */
  readonly cltvDelta: number
  readonly feeLimitMsat: bigint
  readonly expiryLimitHeight: number
}

/** What the book must know of its node. */
export interface PaymentRules {
  readonly payer: Peer
  readonly height: () => number
  /** A payment is on its way. */
  readonly onStart: (transit: Transit) => void
  /** It has ended. */
  readonly onEnd: (transit: Transit) => void
  /** A fault that a test has ordered: the next payment fails for this reason. */
  readonly fault: () => string | undefined
}

/** Payments by payment hash. */
export class PaymentBook {
  readonly #rules: PaymentRules
  readonly #payments = new Map<string, Tracked>()
  readonly #watchers = new Watchers()

  constructor(rules: PaymentRules) {
    this.#rules = rules
  }

  /** What is known of the payment for `hash`. */
  track(hash: Uint8Array): Tracked {
    return this.#payments.get(toHex(hash)) ?? { status: 'none' }
  }

  /** Notes that a payment was not even tried, unless the hash is paid or on its way. */
  refuse(hash: Uint8Array, why: string): Tracked {
    const known = this.track(hash)
    if (known.status === 'paid' || known.status === 'pending') return known
    return this.#set(toHex(hash), { status: 'failed', why })
  }

  /** Pays, unless the hash is paid or on its way. */
  pay(order: Order): Tracked {
    const hashHex = toHex(order.hash)
    const known = this.#payments.get(hashHex)
    if (known !== undefined && known.status !== 'failed') return known
    const height = this.#rules.height()
    const hops =
      this.#rules.fault() ??
      findRoute({
        from: this.#rules.payer,
        to: order.payee,
        amountMsat: order.amountMsat,
        finalBlocks: order.cltvDelta + FINAL_PAD_BLOCKS,
        feeLimitMsat: order.feeLimitMsat,
        limitBlocks: order.expiryLimitHeight - height,
      })
    if (typeof hops === 'string') return this.#set(hashHex, { status: 'failed', why: hops })
    const { hash, paymentSecret } = order
    const feeMsat = (hops[0]?.amountMsat ?? 0n) - order.amountMsat
    const transit = new Transit({ hash, hashHex, paymentSecret, hops, height }, (ended, ending) => {
      this.#rules.onEnd(ended)
      this.#set(hashHex, paymentOf(ending, feeMsat))
    })
    this.#set(hashHex, { status: 'pending' })
    this.#rules.onStart(transit)
    transit.forward()
    return this.#payments.get(hashHex) ?? { status: 'none' }
  }

  /** Calls `onChange` at each change of the payment for `hash`, until the returned function is called. */
  watch(hash: Uint8Array, onChange: () => void): () => void {
    return this.#watchers.watch(toHex(hash), onChange)
  }

  #set(hashHex: string, payment: Tracked): Tracked {
    this.#payments.set(hashHex, payment)
    this.#watchers.notify(hashHex)
    return payment
  }
}

function paymentOf(ending: Ending, feeMsat: bigint): Tracked {
  return ending.isPaid
    ? { status: 'paid', preimage: ending.preimage, feeMsat }
    : { status: 'failed', why: ending.why }
}
