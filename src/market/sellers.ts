/**
 * The peers that may sell to us: their price sheets, how they have behaved, what is open with each.
 * @module
 */
import type { Terms } from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import type { Clock } from '../core/clock.ts'
import { isUnder } from '../core/geometry.ts'
import { NEW_SELLER, rank, type Score } from '../core/score.ts'
import { Asks } from './asks.ts'

/** One trading peer, whether it sells or not. */
export interface Seller {
  readonly peer: TradePeer
  readonly asks: Asks
  /** Its latest price sheet; none until it sends one. */
  terms?: Terms
  score: Score
  /** Purchases open with it: asked, offered or paying. */
  open: number
}

/** A seller with its price sheet. */
export type Selling = Seller & { terms: Terms }

/** What a buyer takes: kinds, ascending, and the dearest piece. */
export interface Taste {
  readonly kinds: readonly number[]
  readonly maxPriceMsat: bigint
}

/** All trading peers of one torrent. */
export class Sellers {
  readonly #clock: Clock
  readonly #byId = new Map<string, Seller>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A peer with the extension has come. */
  add(peer: TradePeer): Seller {
    const seller = { peer, asks: new Asks(peer, this.#clock), score: NEW_SELLER, open: 0 }
    this.#byId.set(peer.id, seller)
    return seller
  }

  /** A peer has gone: what was asked of it counts as timed out. */
  remove(peer: TradePeer): void {
    this.#byId.get(peer.id)?.asks.close()
    this.#byId.delete(peer.id)
  }

  /** Nobody is asked any more: what is open counts as timed out. */
  close(): void {
    for (const { asks } of this.#byId.values()) asks.close()
  }

  get(peer: TradePeer): Seller | undefined {
    return this.#byId.get(peer.id)
  }

  /** Every trading peer. */
  all(): readonly Seller[] {
    return [...this.#byId.values()]
  }

  /** Those with a price sheet that suits, whether or not they may be asked right now. */
  selling(taste: Taste): Selling[] {
    return this.all().filter(
      (seller): seller is Selling =>
        seller.terms !== undefined &&
        seller.terms.priceMsat <= taste.maxPriceMsat &&
        seller.terms.kinds.some((kind) => taste.kinds.includes(kind)),
    )
  }

  /** Those that may be asked now, best first. */
  ready(taste: Taste): Selling[] {
    const selling = new Map(this.selling(taste).map((seller) => [seller.peer.id, seller]))
    const candidates = [...selling.values()].map(({ peer, score, terms, open }) => ({
      id: peer.id,
      score,
      priceMsat: terms.priceMsat,
      open,
    }))
    return rank(candidates, this.#clock.nowMs()).flatMap(({ id }) => selling.get(id) ?? [])
  }

  /** When the next resting seller may be asked again, unix ms; undefined when none rests. */
  nextWakeMs(taste: Taste): number | undefined {
    const now = this.#clock.nowMs()
    const rests = this.selling(taste)
      .map(({ score }) => score.restUntilMs)
      .filter((at) => at > now)
    return rests.length > 0 ? Math.min(...rests) : undefined
  }
}

/**
 * Whether a seller may have a span's key: a maximal span of its list covers it, or the list is empty
 * ("ask and see").
 */
export function maySell({ spans, forwards }: Terms, span: number): boolean {
  if (spans.length === 0 && forwards.length === 0) return true
  return [...spans, ...forwards].some((ancestor) => isUnder(span, ancestor))
}

/** Whether the seller itself holds the key, so that no forwarding hop is to be expected (§7: + 150, else + 220). */
export function holdsKey({ spans }: Terms, span: number): boolean {
  return spans.some((ancestor) => isUnder(span, ancestor))
}
