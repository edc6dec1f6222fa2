/**
 * The peers that may sell to us: their price sheets, how they have behaved, what is open with each.
 * @module
 */
import type { Terms } from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { equal } from '../core/bytes.ts'
import type { Clock } from '../core/clock.ts'
import { LntError } from '../core/errors.ts'
import { exists, isUnder } from '../core/geometry.ts'
import { NEW_SELLER, rank, type Score } from '../core/score.ts'
import { Asks } from './asks.ts'
import { Grudges } from './grudges.ts'

/** One trading peer, whether it sells or not. */
export interface Seller {
  readonly peer: TradePeer
  readonly asks: Asks
  /** Its latest price sheet; none until it sends one. */
  terms?: Terms
  /** The maximal spans of that sheet, held or forwarded: a sheet may name 4,096, and every decision asks. */
  sells: ReadonlySet<number>
  score: Score
  /** Purchases open with it: asked, offered or paying. */
  open: number
  /** Runs of rows that it did not give, by their top span: not asked for again before, unix ms. */
  readonly rowsAtMs: Map<number, number>
}

/** A seller with its price sheet. */
export type Selling = Seller & { terms: Terms }

/** What a buyer takes: kinds, ascending, and the dearest piece. */
export interface Taste {
  readonly kinds: readonly number[]
  readonly maxPriceMsat: bigint
}

/** What the sellers of a torrent are looked at with. */
export interface SellersPorts {
  readonly clock: Clock
  /** Number of pieces of the torrent. */
  readonly pieces: number
  /** Our own Lightning node, 33 bytes: it cannot pay itself. */
  readonly ownNode: Uint8Array
}

/** All trading peers of one torrent. */
export class Sellers {
  readonly #ports: SellersPorts
  readonly #byId = new Map<string, Seller>()
  readonly #grudges: Grudges

  constructor(ports: SellersPorts) {
    this.#ports = ports
    this.#grudges = new Grudges(ports.clock)
  }

  /** A peer with the extension has come. */
  add(peer: TradePeer): Seller {
    this.remove(peer)
    const asks = new Asks(peer, this.#ports.clock)
    const score = this.#grudges.scoreOf(peer)
    const seller = { peer, asks, score, open: 0, sells: new Set<number>(), rowsAtMs: new Map() }
    this.#byId.set(peer.id, seller)
    return seller
  }

  /** A peer has gone: what was asked of it counts as timed out. */
  remove(peer: TradePeer): void {
    const seller = this.#byId.get(peer.id)
    if (!seller) return
    this.#byId.delete(peer.id)
    // What was open with it fails now, and counts.
    const strikes = seller.score.strikes + seller.asks.waiting
    const node = seller.terms && { node: seller.terms.node }
    this.#grudges.keep({ address: peer.address, ...node }, { ...seller.score, strikes })
    seller.asks.close()
  }

  /** Nobody is asked any more: what is open counts as timed out. */
  close(): void {
    for (const { asks } of this.#byId.values()) asks.close()
  }

  get(peer: TradePeer): Seller | undefined {
    return this.#byId.get(peer.id)
  }

  /**
   * A price sheet has come.
   * @throws {@link LntError} `BAD_PEER` when it names spans that the torrent does not have
   */
  learn(seller: Seller, terms: Terms): void {
    const sells = new Set([...terms.spans, ...terms.forwards])
    for (const span of sells)
      if (!exists(this.#ports.pieces, span))
        throw new LntError({ code: 'BAD_PEER', why: `terms of span ${span}, which does not exist` })
    if (!seller.terms && seller.score === NEW_SELLER)
      seller.score = this.#grudges.scoreOf({ address: seller.peer.address, node: terms.node })
    seller.terms = terms
    seller.sells = sells
  }

  /** Every trading peer. */
  all(): readonly Seller[] {
    return [...this.#byId.values()]
  }

  /** Those with a price sheet that suits, whether or not they may be asked right now. */
  selling({ kinds, maxPriceMsat }: Taste): Selling[] {
    return this.all().filter(
      (seller): seller is Selling =>
        this.#sells(seller, kinds) &&
        seller.terms !== undefined &&
        seller.terms.priceMsat <= maxPriceMsat,
    )
  }

  /** Whether everybody who sells a kind that is taken asks too much. */
  areTooDear({ kinds, maxPriceMsat }: Taste): boolean {
    const selling = this.all().filter((seller) => this.#sells(seller, kinds))
    return (
      selling.length > 0 && selling.every(({ terms }) => (terms?.priceMsat ?? 0n) > maxPriceMsat)
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
    return rank(candidates, this.#ports.clock.nowMs()).flatMap(({ id }) => selling.get(id) ?? [])
  }

  /** When the next resting seller may be asked again, unix ms; undefined when none rests, or only for good. */
  nextWakeMs(taste: Taste): number | undefined {
    const now = this.#ports.clock.nowMs()
    const rests = this.selling(taste)
      .map(({ score }) => score.restUntilMs)
      .filter((at) => at > now && at !== Number.POSITIVE_INFINITY)
    return rests.length > 0 ? Math.min(...rests) : undefined
  }

  #sells({ terms }: Seller, kinds: readonly number[]): boolean {
    if (!terms || equal(terms.node, this.#ports.ownNode)) return false
    return terms.kinds.some((kind) => kinds.includes(kind))
  }
}

/**
 * Whether a seller may have a span's key: a maximal span of its list covers it, or the list is empty
 * ("ask and see").
 */
export function maySell({ sells }: Pick<Seller, 'sells'>, span: number): boolean {
  if (sells.size === 0) return true
  for (let at = span; at >= 1; at = Math.floor(at / 2)) if (sells.has(at)) return true
  return false
}

/** Whether the seller itself holds the key, so that no forwarding hop is to be expected (§7: + 150, else + 220). */
export function holdsKey({ spans }: Terms, span: number): boolean {
  return spans.some((ancestor) => isUnder(span, ancestor))
}
