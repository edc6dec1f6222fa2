/**
 * The hold invoices of one node of the ledger, and the HTLCs that they hold.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { equal, toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Incoming } from './ledger-channel.ts'
import { Watchers } from './ledger-watch.ts'
import type { Hold, HoldRequest } from './wallet.ts'

/** Blocks before its expiry at which a held HTLC is failed back (lnd's `holdexpirydelta`, 16 + 2). */
export const HOLD_MARGIN_BLOCKS = 18

interface Entry {
  readonly request: HoldRequest
  /** 32 bytes. */
  readonly paymentSecret: Uint8Array
  hold: Hold
  htlc: Incoming | undefined
}

/** What the book must know of its node. */
export interface HoldRules {
  readonly canReuseHash: boolean
  readonly height: () => number
  /** A secret for a new invoice, 32 bytes, never the same twice. */
  readonly newSecret: (hash: Uint8Array) => Uint8Array
}

/** Hold invoices by payment hash. */
export class HoldBook {
  readonly #rules: HoldRules
  readonly #entries = new Map<string, Entry>()
  /** Hashes that have been settled once: a repeated settle call is answered from here. */
  readonly #settled = new Set<string>()
  readonly #watchers = new Watchers()
  readonly #held = new Set<Entry>()

  constructor(rules: HoldRules) {
    this.#rules = rules
  }

  /**
   * Opens an invoice.
   * @returns its payment secret
   * @throws {@link LntError} `HASH_IN_USE`
   */
  open(request: HoldRequest): Uint8Array {
    const hashHex = toHex(request.hash)
    const status = this.#entries.get(hashHex)?.hold.status
    const isUsed = this.#settled.has(hashHex) && !this.#rules.canReuseHash
    if (status === 'open' || status === 'held' || isUsed)
      throw new LntError({ code: 'HASH_IN_USE', hash: hashHex })
    const paymentSecret = this.#rules.newSecret(request.hash)
    const entry: Entry = { request, paymentSecret, hold: { status: 'open' }, htlc: undefined }
    this.#entries.set(hashHex, entry)
    return paymentSecret
  }

  /** How the invoice stands. */
  lookup(hash: Uint8Array): Hold {
    return this.#entries.get(toHex(hash))?.hold ?? { status: 'none' }
  }

  /** Calls `onChange` at each change of the invoice for `hash`, until the returned function is called. */
  watch(hash: Uint8Array, onChange: () => void): () => void {
    return this.#watchers.watch(toHex(hash), onChange)
  }

  /** The payee's part: holds the HTLC if it is the one that was asked for, fails it if not. */
  receive(htlc: Incoming): void {
    const entry = this.#entries.get(htlc.hashHex)
    if (entry === undefined || !this.#isWanted(entry, htlc))
      htlc.fail('refused by the payee (incorrect_or_unknown_payment_details)')
    else this.#keep(entry, htlc)
  }

  /** See `Wallet.settle`. Nothing settles an invoice that has not been paid: it is cancelled, for good. */
  settle(preimage: Uint8Array): 'settled' | 'gone' {
    const hashHex = toHex(sha256(preimage))
    const entry = this.#entries.get(hashHex)
    const htlc = entry?.htlc
    if (entry !== undefined && htlc !== undefined) {
      this.#settled.add(hashHex)
      this.#close(entry, { status: 'settled' })
      htlc.settle(preimage)
      return 'settled'
    }
    if (this.#settled.has(hashHex)) return 'settled'
    // 'gone' must stay true: no HTLC may come later to an invoice that was given up.
    if (entry?.hold.status === 'open') this.#close(entry, { status: 'cancelled' })
    return 'gone'
  }

  /** See `Wallet.cancel`. */
  cancel(hash: Uint8Array): 'cancelled' | 'settled' {
    const entry = this.#entries.get(toHex(hash))
    if (entry?.hold.status === 'settled') return 'settled'
    if (entry !== undefined) this.#fail(entry, 'cancelled by the payee')
    return 'cancelled'
  }

  /** Fails back what is too near to its expiry. */
  onBlock(height: number): void {
    for (const entry of this.#held) {
      if (entry.htlc !== undefined && height + HOLD_MARGIN_BLOCKS >= entry.htlc.expiryHeight)
        this.#fail(entry, 'held for too long')
    }
  }

  #isWanted({ hold, request, paymentSecret }: Entry, htlc: Incoming): boolean {
    const blocks = htlc.expiryHeight - this.#rules.height()
    return (
      hold.status === 'open' &&
      equal(htlc.paymentSecret, paymentSecret) &&
      htlc.amountMsat >= request.amountMsat &&
      blocks >= request.cltvDelta &&
      blocks > HOLD_MARGIN_BLOCKS
    )
  }

  #keep(entry: Entry, htlc: Incoming): void {
    entry.htlc = htlc
    this.#held.add(entry)
    htlc.onTimeout = () => this.#close(entry, { status: 'cancelled' })
    const { amountMsat, expiryHeight } = htlc
    this.#change(entry, { status: 'held', amountMsat, expiryHeight })
  }

  #fail(entry: Entry, why: string): void {
    const { htlc } = entry
    if (entry.hold.status !== 'open' && entry.hold.status !== 'held') return
    this.#close(entry, { status: 'cancelled' })
    htlc?.fail(why)
  }

  #close(entry: Entry, hold: Hold): void {
    entry.htlc = undefined
    this.#held.delete(entry)
    this.#change(entry, hold)
  }

  #change(entry: Entry, hold: Hold): void {
    entry.hold = hold
    this.#watchers.notify(toHex(entry.request.hash))
  }
}
