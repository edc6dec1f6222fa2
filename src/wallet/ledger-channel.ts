/**
 * One channel of the ledger: two balances and the HTLCs between them. Its money never changes in sum.
 * @module
 */

/** A node as its channels see it. */
export interface Peer {
  /** Whether it exchanges messages with its peers. */
  readonly isOnline: boolean
  readonly channels: readonly Channel[]
  /** Takes an HTLC that has come over one of its channels. */
  accept(htlc: Incoming): void
}

/** An HTLC that has come to a node, which forwards it, keeps it for later, settles it or fails it. */
export interface Incoming {
  readonly hashHex: string
  /** From the invoice; a payer that does not know it is refused. 32 bytes. */
  readonly paymentSecret: Uint8Array
  readonly amountMsat: bigint
  readonly expiryHeight: number
  /** Whether this node is the payee. */
  readonly isFinal: boolean
  /** Offers the next hop. */
  forward(): void
  settle(preimage: Uint8Array): void
  fail(why: string): void
  /** Called when the chain has ended it before the node that keeps it did. */
  onTimeout: () => void
}

/** What a node asks for forwarding over its side of a channel (BOLT 7). */
export interface Policy {
  readonly feeBaseMsat: bigint
  readonly feePpm: bigint
  readonly cltvDelta: number
}

/** No fee; lnd's smallest delta. For channels of nodes that do not route. */
export const FREE: Policy = { feeBaseMsat: 0n, feePpm: 0n, cltvDelta: 24 }

/** Most HTLCs that a side can have offered at once (BOLT 2, max_accepted_htlcs). */
export const MAX_SLOTS = 483

/** How a new channel looks. */
export interface ChannelDraft {
  /** Balance of the first node. */
  readonly nearMsat: bigint
  /** Balance of the second node. */
  readonly farMsat: bigint
  readonly nearPolicy?: Policy
  readonly farPolicy?: Policy
  /** HTLCs that each side may have offered at once; {@link MAX_SLOTS} if absent. */
  readonly slots?: number
  /** What each side must keep (BOLT 2, channel_reserve); 0 if absent. */
  readonly reserveMsat?: bigint
}

/** An HTLC on one channel: one hop of a payment. */
export interface Leg {
  readonly channel: Channel
  /** Who offered it. */
  readonly from: Side
  readonly to: Side
  readonly hashHex: string
  readonly amountMsat: bigint
  readonly expiryHeight: number
}

/** One end of a channel. */
export interface Side {
  readonly node: Peer
  readonly policy: Policy
  /** What it owns, HTLCs that it has offered not counted. */
  balanceMsat: bigint
  /** HTLCs that it has offered. */
  readonly offered: Set<Leg>
}

/**
 * `down`: no link between the peers. `closed`: on chain; an HTLC left in it is claimed with its preimage, or
 * goes back at its expiry height. (The ledger has no dust: all of them are enforceable.)
 */
export type ChannelState = 'up' | 'down' | 'closed'

/** A channel between two nodes. */
export class Channel {
  readonly near: Side
  readonly far: Side
  readonly capacityMsat: bigint
  readonly reserveMsat: bigint
  readonly slots: number
  state: ChannelState = 'up'
  #offeredMsat = 0n

  constructor(near: Peer, far: Peer, draft: ChannelDraft) {
    if (draft.nearMsat < 0n || draft.farMsat < 0n) throw new RangeError('negative balance')
    this.near = side(near, draft.nearMsat, draft.nearPolicy)
    this.far = side(far, draft.farMsat, draft.farPolicy)
    this.capacityMsat = draft.nearMsat + draft.farMsat
    this.reserveMsat = draft.reserveMsat ?? 0n
    this.slots = draft.slots ?? MAX_SLOTS
  }

  /** The side of `node`, which must be one of the two. */
  sideOf(node: Peer): Side {
    return this.near.node === node ? this.near : this.far
  }

  /** The other side. */
  across(own: Side): Side {
    return own === this.near ? this.far : this.near
  }

  /** What a side can send now, in msat. */
  sendableMsat(own: Side): bigint {
    const free = own.balanceMsat - this.reserveMsat
    return this.isUsable && free > 0n && own.offered.size < this.slots ? free : 0n
  }

  /** Whether the peers can exchange messages. */
  get isUsable(): boolean {
    return this.state === 'up' && this.near.node.isOnline && this.far.node.isOnline
  }

  /** Offers an HTLC; undefined when the side cannot. */
  offer(from: Side, leg: Pick<Leg, 'hashHex' | 'amountMsat' | 'expiryHeight'>): Leg | undefined {
    if (leg.amountMsat < 1n || leg.amountMsat > this.sendableMsat(from)) return undefined
    const offered: Leg = { ...leg, channel: this, from, to: this.across(from) }
    from.balanceMsat -= leg.amountMsat
    this.#offeredMsat += leg.amountMsat
    from.offered.add(offered)
    this.#balance()
    return offered
  }

  /** Ends an HTLC: its money goes to the receiver, or back to the sender. */
  end(leg: Leg, winner: 'to' | 'from'): void {
    if (!leg.from.offered.delete(leg)) throw new Error('ledger: HTLC ended twice')
    this.#offeredMsat -= leg.amountMsat
    leg[winner].balanceMsat += leg.amountMsat
    this.#balance()
  }

  /** Whether any HTLC is pending in it. */
  get isBusy(): boolean {
    return this.near.offered.size + this.far.offered.size > 0
  }

  /** Counts again, from the HTLCs themselves. @throws when the books do not balance */
  audit(): void {
    let offeredMsat = 0n
    for (const leg of this.near.offered) offeredMsat += leg.amountMsat
    for (const leg of this.far.offered) offeredMsat += leg.amountMsat
    if (offeredMsat !== this.#offeredMsat) throw new Error('ledger: HTLCs do not add up')
    this.#balance()
  }

  #balance(): void {
    const { near, far } = this
    const sum = near.balanceMsat + far.balanceMsat + this.#offeredMsat
    if (sum !== this.capacityMsat || near.balanceMsat < 0n || far.balanceMsat < 0n)
      throw new Error(`ledger: ${sum} msat in a channel of ${this.capacityMsat}`)
  }
}

function side(node: Peer, balanceMsat: bigint, policy: Policy = FREE): Side {
  return { node, policy, balanceMsat, offered: new Set() }
}

/** What a node charges for forwarding `amountMsat`. */
export function feeMsat({ feeBaseMsat, feePpm }: Policy, amountMsat: bigint): bigint {
  return feeBaseMsat + (amountMsat * feePpm) / 1_000_000n
}
