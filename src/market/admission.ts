/**
 * Who may ask, how often, and how many offers a peer may have open: standing grows with settled sales (docs/limits.md).
 * @module
 */
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { Bucket } from '../core/bucket.ts'
import type { Clock } from '../core/clock.ts'
import { LntError } from '../core/errors.ts'
import {
  ADDRESS_OPEN,
  ALL_STRANGERS_ASKS,
  ALL_STRANGERS_OPEN,
  CONNECTION_OPEN,
  GETRECORDS,
  HEEDLESS_ASKS,
  HELD_PER_PEER,
  MOST_ADDRESSES,
  openAllowance,
  PAYING_ASKS,
  STRANGER_ASKS,
} from '../core/limits.ts'
import { type Change, Place } from './place.ts'

/** What one address has done here. */
interface Address {
  settled: number
  open: number
  connections: number
}

/** What one connection has done here. Its places outlive it. */
interface Guest {
  readonly address: Address
  settled: number
  open: number
  held: number
  asks: Bucket
  readonly heedless: Bucket
  readonly getrecords: Bucket
}

/** The seller's limits, one for all its torrents together. Holds no timers. */
export class Admission {
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #guests = new Map<string, Guest>()
  /** Least recently seen first. */
  readonly #addresses = new Map<string, Address>()
  readonly #strangersAsks: Bucket
  #strangersOpen = 0

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
    this.#strangersAsks = new Bucket(ALL_STRANGERS_ASKS, clock.nowMs())
  }

  /** A connection is there. */
  opened(peer: TradePeer): void {
    const now = this.#clock.nowMs()
    this.closed(peer)
    const address = this.#address(peer.address)
    address.connections += 1
    this.#guests.set(peer.id, {
      address,
      settled: 0,
      open: 0,
      held: 0,
      asks: new Bucket(STRANGER_ASKS, now),
      heedless: new Bucket(HEEDLESS_ASKS, now),
      getrecords: new Bucket(GETRECORDS, now),
    })
  }

  /** A connection is gone. Its places end by themselves. */
  closed(peer: TradePeer): void {
    const guest = this.#guests.get(peer.id)
    if (guest) guest.address.connections -= 1
    this.#guests.delete(peer.id)
  }

  /** Whether nothing was settled on this connection yet. */
  isStranger(peer: TradePeer): boolean {
    return this.#guest(peer).settled === 0
  }

  /**
   * One more ask.
   * @returns 0 when it may be answered, else how long the peer should wait, ms
   * @throws {@link LntError} `BAD_PEER` when it has not heeded that for long
   */
  ask(peer: TradePeer): number {
    const now = this.#clock.nowMs()
    const guest = this.#guest(peer)
    const buckets = guest.settled === 0 ? [guest.asks, this.#strangersAsks] : [guest.asks]
    const waitMs = Math.max(...buckets.map((bucket) => bucket.waitMs(now)))
    if (waitMs === 0) for (const bucket of buckets) bucket.take(now)
    else if (!guest.heedless.take(now)) throw bad('asks on and on without waiting')
    return waitMs
  }

  /** One more ask for record rows. @returns 0 when it may be answered, else how long to wait, ms */
  getrecords(peer: TradePeer): number {
    const now = this.#clock.nowMs()
    const { getrecords } = this.#guest(peer)
    return getrecords.take(now) ? 0 : getrecords.waitMs(now)
  }

  /** A place for one more open offer, or `undefined` when an allowance is used up. */
  place(peer: TradePeer): Place | undefined {
    const guest = this.#guest(peer)
    const isStranger = guest.settled === 0
    if (
      guest.open >= openAllowance(CONNECTION_OPEN, guest.settled) ||
      guest.address.open >= openAllowance(ADDRESS_OPEN, guest.address.settled) ||
      guest.held >= HELD_PER_PEER ||
      (isStranger && this.#strangersOpen >= ALL_STRANGERS_OPEN)
    )
      return undefined
    return new Place((change) => {
      if (isStranger) this.#strangersOpen += change.open
      this.#count(guest, change)
    })
  }

  #count(guest: Guest, { open, held, settled }: Change): void {
    if (settled > 0 && guest.settled === 0)
      guest.asks = new Bucket(PAYING_ASKS, this.#clock.nowMs())
    guest.settled += settled
    guest.address.settled += settled
    guest.open += open
    guest.address.open += open
    guest.held += held
  }

  #guest(peer: TradePeer): Guest {
    const guest = this.#guests.get(peer.id)
    if (guest === undefined) throw bad('speaks before its handshake')
    return guest
  }

  /** The record of an address, from now on the most recently seen one. */
  #address(name: string): Address {
    const address = this.#addresses.get(name) ?? { settled: 0, open: 0, connections: 0 }
    this.#addresses.delete(name)
    for (const [other, { open, connections }] of this.#addresses) {
      if (this.#addresses.size < MOST_ADDRESSES) break
      if (open === 0 && connections === 0) this.#addresses.delete(other)
    }
    this.#addresses.set(name, address)
    return address
  }
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_PEER', why })
}
