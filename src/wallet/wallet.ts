/**
 * What the market needs from a Lightning node: one interface, one adapter a node behind it.
 * `test/suites/wallet.ts` is the conformance suite that every adapter runs.
 * @module
 */
import type { Network } from '../core/network.ts'

/** What an adapter can do. Without `canLimitCltv` a wallet must not forward (money law 5). */
export interface Capabilities {
  /** Can keep an HTLC pending until we settle or cancel it. */
  readonly canHold: boolean
  /** Can hold a hash whose preimage it does not know. */
  readonly canHoldForeignHash: boolean
  /** Can sell one hash again after its earlier invoice has ended. */
  readonly canReuseHash: boolean
  /** `pay` honours `expiryLimitHeight`. */
  readonly canLimitCltv: boolean
  /** `pay` honours `feeLimitMsat`. */
  readonly canLimitFee: boolean
}

/** What a hold invoice is made of. */
export interface HoldRequest {
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
  /** Fixed amount, ≥ 1 msat. */
  readonly amountMsat: bigint
  /** 32 bytes (BOLT 11 `h`). */
  readonly descriptionHash: Uint8Array
  /** Blocks that the final HTLC must have left (BOLT 11 `c`). */
  readonly cltvDelta: number
}

/** How a hold invoice stands. */
export type Hold =
  /** Nothing has arrived. */
  | { readonly status: 'open' }
  /** The whole amount is held. `expiryHeight`: lowest expiry height of its HTLCs. */
  | { readonly status: 'held'; readonly amountMsat: bigint; readonly expiryHeight: number }
  | { readonly status: 'settled' }
  /** Cancelled by us, expired, or failed back by the node for its deadline. */
  | { readonly status: 'cancelled' }
  /** The wallet never had an invoice for this hash. */
  | { readonly status: 'none' }

/** What may be spent on a payment, and by when it must be over (money law 6). */
export interface PayRequest {
  /** BOLT 11. */
  readonly invoice: string
  /** Most routing fee, in msat. */
  readonly feeLimitMsat: bigint
  /** No HTLC of this payment expires after this absolute height. */
  readonly expiryLimitHeight: number
}

/** How a payment ended. A payment whose end is not known is neither: `pay` throws instead (law 3). */
export type Payment =
  | { readonly status: 'paid'; readonly preimage: Uint8Array; readonly feeMsat: bigint }
  /** Terminal: nothing is in flight and nothing of it can succeed any more. */
  | { readonly status: 'failed'; readonly why: string }

/** What a wallet knows of a payment. `none`: it has no trace of it, which proves nothing by itself. */
export type Tracked = Payment | { readonly status: 'pending' } | { readonly status: 'none' }

/** What can be sent and received now, in msat. */
export interface Liquidity {
  readonly sendableMsat: bigint
  readonly receivableMsat: bigint
}

/** A wallet that can hold, settle and pay. Hashes and preimages are 32 bytes. */
export interface Wallet {
  readonly can: Capabilities
  readonly network: Network
  /** Public key of the node, 33 bytes: which wallet this is (money law 3 b). */
  readonly nodeId: Uint8Array

  /** Height of the best block. */
  height(): Promise<number>
  liquidity(): Promise<Liquidity>

  /**
   * Makes a hold invoice. The invoice is valid until `cancel`: our offers' ttl is the market's to enforce.
   * @returns BOLT 11
   * @throws LntError `HASH_IN_USE` when the hash has an invoice that is open or held, or has been settled
   *   and the wallet cannot reuse hashes; `WALLET_UNAVAILABLE`
   */
  hold(request: HoldRequest): Promise<string>
  /** How the invoice for `hash` stands now. */
  lookupHold(hash: Uint8Array): Promise<Hold>
  /** Resolves once the invoice is no longer `open`; at once when it is not. Rejects when aborted. */
  waitHold(hash: Uint8Array, signal: AbortSignal): Promise<Hold>
  /**
   * Settles the held HTLC with its preimage. Safe to repeat.
   * @returns `gone` when the HTLC was failed back before: the money did not come
   */
  settle(preimage: Uint8Array): Promise<'settled' | 'gone'>
  /** Cancels the invoice and fails what it holds. Safe to repeat, also for a hash never seen. */
  cancel(hash: Uint8Array): Promise<'cancelled' | 'settled'>

  /**
   * Pays an invoice with explicit limits. Repeating it for the same hash, also after a restart, repeats
   * the answer or joins the payment in flight, never pays again. A hash that has *failed* may be paid anew.
   * Aborting `signal` stops the wait, never the payment: it then throws `PAYMENT_UNKNOWN`.
   * @throws LntError `PAYMENT_UNKNOWN` when the outcome is not known: nothing may be concluded from it
   */
  pay(request: PayRequest, signal: AbortSignal): Promise<Payment>
  /** What the wallet knows of its payment for `hash`; answers at once. */
  track(hash: Uint8Array): Promise<Tracked>
  /**
   * Whether no channel can still carry an outgoing HTLC with this hash: none lists one, none is closing,
   * all others are active (money law 3 c, d).
   */
  isQuiet(hash: Uint8Array): Promise<boolean>

  /** Ends the connection or the node; what is held or in flight stays with the node's own state. */
  close(): Promise<void>
}
