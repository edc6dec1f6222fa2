/**
 * Hold invoices of a node: what we offered, what has arrived for it, how it ended. Each is a record in the
 * node's journal, written in one commit with what LDK did about it.
 * @module
 */
import { createHash } from 'node:crypto'
import * as ldk from 'lightningdevkit'
import { toHex } from '../../core/bytes.ts'
import { LntError } from '../../core/errors.ts'
import type { Hold, HoldRequest } from '../wallet.ts'
import type { NodeEvent } from './events.ts'
import { type HoldRecord, readHold, writeHold } from './hold-record.ts'
import type { LdkNode } from './node.ts'
import { unwrap } from './result.ts'
import { Waiters } from './waiters.ts'

/** LDK asks for 3 blocks more in the invoice than it then insists on. */
const LDK_EXTRA_BLOCKS = 3

/** Least final delta that LDK takes (MIN_FINAL_CLTV_EXPIRY_DELTA): invoices say 27 at least. */
const LDK_LEAST_DELTA = 24

/** BOLT 11 expiry, in s. A node's clock is the last block's time: short ones expire on an idle chain. */
const INVOICE_EXPIRY_SECONDS = 7_200

/**
 * From LDK's claim deadline to the height that we report. LDK fails back at `claimDeadline`, some blocks
 * before the HTLC's own expiry; docs/protocol.md §9 law 5 wants a forwarder's limit to be at most
 * claimDeadline − 24 with the default safety of 42, so what we call the expiry is claimDeadline + 18: never
 * later than the true one.
 */
const DEADLINE_TO_EXPIRY_BLOCKS = 18

/** How long a new invoice waits for a channel that it can name in its route hint, in ms. */
const ROUTE_TIMEOUT_MS = 20_000

/** The hold invoices of one node. */
export class Holds {
  readonly #node: LdkNode
  readonly #waiters: Waiters<Hold> = new Waiters()

  constructor(node: LdkNode) {
    this.#node = node
  }

  /** As `Wallet.hold`. */
  async offer(request: HoldRequest): Promise<string> {
    const hash = Uint8Array.from(request.hash)
    this.#refuseUsed(hash)
    const canRoute = (): boolean =>
      this.#node.channels().some((channel) => channel.isUsable && channel.hasForwardingInfo)
    if (!(await this.#node.until(canRoute, ROUTE_TIMEOUT_MS)))
      throw new LntError({ code: 'WALLET_UNAVAILABLE', why: 'no channel to be paid through' })
    // Again: another call may have come first while this one waited.
    this.#refuseUsed(hash)
    const invoice = this.#invoice(request)
    this.#put(hash, { status: 'open', askedMsat: request.amountMsat })
    await this.#node.committed()
    return invoice
  }

  /** As `Wallet.lookupHold`, but perhaps not on disk yet. */
  lookup(hash: Uint8Array): Hold {
    const record = this.#get(hash)
    if (record?.status !== 'held') return { status: record?.status ?? 'none' }
    const { heldMsat, expiryHeight } = record
    return { status: 'held', amountMsat: heldMsat, expiryHeight }
  }

  /** As `Wallet.waitHold`. */
  async wait(hash: Uint8Array, signal: AbortSignal): Promise<Hold> {
    await this.#node.committed()
    signal.throwIfAborted()
    const hold = this.lookup(hash)
    return hold.status === 'open' ? this.#waiters.wait(toHex(hash), signal) : hold
  }

  /** As `Wallet.settle`. */
  async settle(preimage: Uint8Array): Promise<'settled' | 'gone'> {
    const hash = Uint8Array.from(createHash('sha256').update(preimage).digest())
    const record = this.#get(hash)
    if (record?.status === 'held') this.#node.engine.manager.claim_funds(Uint8Array.from(preimage))
    else if (record?.status !== 'settled') return 'gone'
    // LDK's answer is an event of the very next turn, unless the deadline has passed meanwhile.
    await this.#node.committed()
    return this.#get(hash)?.status === 'settled' ? 'settled' : 'gone'
  }

  /** As `Wallet.cancel`. */
  async cancel(hash: Uint8Array): Promise<'cancelled' | 'settled'> {
    const record = this.#get(hash)
    if (record?.status === 'settled') return 'settled'
    if (record?.status === 'open' || record?.status === 'held') {
      this.#put(hash, { status: 'cancelled', askedMsat: record.askedMsat })
      this.#node.engine.manager.fail_htlc_backwards(Uint8Array.from(hash))
      await this.#node.committed()
    }
    return 'cancelled'
  }

  /** Ends all waits. */
  close(error: LntError): void {
    this.#waiters.rejectAll(error)
  }

  /** Takes what happens to incoming payments. */
  handle(event: NodeEvent): void {
    switch (event.type) {
      case 'claimable':
        if (!this.#accept(event)) this.#node.engine.manager.fail_htlc_backwards(event.hash)
        break
      case 'claimed':
        this.#end(event.hash, 'settled')
        break
      case 'failedBack':
        this.#missed(event.hash)
        break
      default:
    }
  }

  #accept({ hash, amountMsat, claimDeadline, isInvoiced }: ClaimableEvent): boolean {
    const record = this.#get(hash)
    const isWanted = record?.status === 'open' || record?.status === 'held'
    if (!isWanted || !isInvoiced || amountMsat < record.askedMsat) return false
    const expiryHeight = claimDeadline + DEADLINE_TO_EXPIRY_BLOCKS
    const { askedMsat } = record
    this.#put(hash, { status: 'held', askedMsat, heldMsat: amountMsat, expiryHeight })
    return true
  }

  /**
   * HTLCs of this hash were failed back: those that we held, if their deadline has come. Before that it was a
   * second payer, or our own cancel.
   */
  #missed(hash: Uint8Array): void {
    const record = this.#get(hash)
    if (record?.status !== 'held') return
    if (this.#node.height() >= record.expiryHeight - DEADLINE_TO_EXPIRY_BLOCKS)
      this.#end(hash, 'cancelled')
  }

  #end(hash: Uint8Array, status: 'settled' | 'cancelled'): void {
    const record = this.#get(hash)
    if (record?.status === 'held') this.#put(hash, { status, askedMsat: record.askedMsat })
  }

  #get(hash: Uint8Array): HoldRecord | undefined {
    const text = this.#node.records.get(keyOf(hash))
    return text === undefined ? undefined : readHold(text)
  }

  /** Writes the record; whoever waits hears of it once it is on disk. */
  #put(hash: Uint8Array, record: HoldRecord): void {
    this.#node.records.put(keyOf(hash), writeHold(record))
    if (record.status === 'open') return
    this.#node.afterCommit(() => {
      const hold = this.lookup(hash)
      if (hold.status !== 'open') this.#waiters.resolve(toHex(hash), hold)
    })
  }

  #refuseUsed(hash: Uint8Array): void {
    const status = this.#get(hash)?.status
    if (status === 'open' || status === 'held')
      throw new LntError({ code: 'HASH_IN_USE', hash: toHex(hash) })
  }

  #invoice({ hash, amountMsat, descriptionHash, cltvDelta }: HoldRequest): string {
    const delta = Math.max(LDK_LEAST_DELTA, cltvDelta - LDK_EXTRA_BLOCKS)
    const made =
      ldk.UtilMethods.constructor_create_invoice_from_channelmanager_with_description_hash_and_payment_hash(
        this.#node.engine.manager,
        ldk.Option_u64Z.constructor_some(amountMsat),
        ldk.Sha256.constructor_from_bytes(Uint8Array.from(descriptionHash)),
        INVOICE_EXPIRY_SECONDS,
        Uint8Array.from(hash),
        ldk.Option_u16Z.constructor_some(delta),
      )
    return unwrap('invoice', made, ldk.Result_Bolt11InvoiceSignOrCreationErrorZ_OK).to_str()
  }
}

type ClaimableEvent = Extract<NodeEvent, { type: 'claimable' }>

function keyOf(hash: Uint8Array): string {
  return `hold/${toHex(hash)}`
}
