/**
 * One payment on its way through the ledger: HTLCs are offered hop by hop and end hop by hop, backwards.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { equal } from '../core/bytes.ts'
import type { Incoming, Leg } from './ledger-channel.ts'
import type { Hop } from './ledger-route.ts'

/** How a payment ended. */
export type Ending =
  | { readonly isPaid: true; readonly preimage: Uint8Array }
  | { readonly isPaid: false; readonly why: string }

/** What is sent. */
export interface Parcel {
  /** Payment hash, 32 bytes, and the same in hex. */
  readonly hash: Uint8Array
  readonly hashHex: string
  /** 32 bytes. */
  readonly paymentSecret: Uint8Array
  readonly hops: readonly Hop[]
  readonly height: number
}

/** A payment between its first HTLC and its end. */
export class Transit implements Incoming {
  readonly hashHex: string
  readonly paymentSecret: Uint8Array
  onTimeout: () => void = () => undefined
  readonly #parcel: Parcel
  /** HTLCs that are pending now; the last one ends first. */
  readonly #legs: Leg[] = []
  readonly #onEnd: (transit: Transit, ending: Ending) => void
  #ending: Ending | undefined

  constructor(parcel: Parcel, onEnd: (transit: Transit, ending: Ending) => void) {
    this.#parcel = parcel
    this.hashHex = parcel.hashHex
    this.paymentSecret = parcel.paymentSecret
    this.#onEnd = onEnd
  }

  get amountMsat(): bigint {
    return this.#legs.at(-1)?.amountMsat ?? 0n
  }

  get expiryHeight(): number {
    return this.#legs.at(-1)?.expiryHeight ?? 0
  }

  get isFinal(): boolean {
    return this.#legs.length === this.#parcel.hops.length
  }

  forward(): void {
    const { hops, height, hashHex } = this.#parcel
    const hop = hops[this.#legs.length]
    if (hop === undefined) throw new Error('ledger: the payee has nothing to forward')
    const expiryHeight = height + hop.blocks
    const leg = hop.channel.offer(hop.from, { hashHex, amountMsat: hop.amountMsat, expiryHeight })
    if (leg === undefined) this.fail('a channel on the way cannot carry it')
    else {
      this.#legs.push(leg)
      leg.to.node.accept(this)
    }
  }

  /** @throws when the preimage is not that of the hash: nothing in the ledger settles without it */
  settle(preimage: Uint8Array): void {
    if (preimage.length !== 32 || !equal(sha256(preimage), this.#parcel.hash))
      throw new Error('ledger: wrong preimage')
    this.#end({ isPaid: true, preimage })
  }

  fail(why: string): void {
    this.#end({ isPaid: false, why })
  }

  /** Goes on ending HTLCs backwards, as far as links are up. */
  retreat(): void {
    if (this.#ending === undefined) return
    for (let leg = this.#legs.at(-1); leg !== undefined; leg = this.#legs.at(-1)) {
      const { isUsable, state } = leg.channel
      // On a closed channel the receiver claims with the preimage; the sender waits for the expiry.
      if (!isUsable && !(state === 'closed' && this.#ending.isPaid)) return
      leg.channel.end(leg, this.#ending.isPaid ? 'to' : 'from')
      this.#legs.pop()
    }
    this.#onEnd(this, this.#ending)
  }

  /** What the chain does at an expiry height: the channel closes, whoever has the claim gets the money. */
  expire(height: number): void {
    const leg = this.#legs.at(-1)
    if (leg === undefined || height < leg.expiryHeight) return
    leg.channel.state = 'closed'
    if (this.#ending === undefined) {
      this.#ending = { isPaid: false, why: 'expired' }
      this.onTimeout()
    }
    leg.channel.end(leg, this.#ending.isPaid ? 'to' : 'from')
    this.#legs.pop()
    // Hops that expire at the same height end in the same block.
    this.expire(height)
    this.retreat()
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) throw new Error('ledger: payment ended twice')
    this.#ending = ending
    this.retreat()
  }
}
