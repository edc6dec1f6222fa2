/**
 * What a seller has for sale of one torrent: keys, coupons, and the word that goes with them (docs/protocol.md §6).
 * @module
 */
import { type CouponSeeds, type CouponTree, couponTree } from '../../torrents/coupons.ts'
import type { SealedTorrent } from '../../torrents/info.ts'
import { publisherKey } from '../../torrents/keys.ts'
import type { Records } from '../../torrents/records.ts'
import { equal, ZERO_32 } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Certificate, RecordProof } from '../core/purchase.ts'
import type { CouponRange } from '../store/coupons.ts'
import type { Capabilities } from '../wallet/wallet.ts'
import { type CouponSource, ownRanges } from './coupon-choice.ts'

/** Coupon trees kept for the next buyer of the same span, in coupons: 2^15 of them take about 13 MB. */
const KEPT_COUPONS: number = 2 ** 15

/** Who vouches for offers: the publisher, or a delegate with its certificate. */
export interface Endorser {
  /** Ed25519 seed, 32 bytes. */
  readonly secretSeed: Uint8Array
  readonly certificate?: Certificate
}

/** What a seller brings: the publisher everything, a delegate its range and certificate, a holder keys alone. */
export interface Seller {
  /** Key of a span, 32 bytes; undefined when it is not held. */
  readonly keyOf: (span: number) => Uint8Array | undefined
  /** Maximal spans whose key is held, ascending: the publisher's are [1]. */
  readonly spans: () => readonly number[]
  /** Coupons that may be sold, and for a delegate the publisher's path above its range for each span. */
  readonly coupons?: {
    readonly seeds: CouponSeeds
    readonly above?: (span: number) => Uint8Array | undefined
    /** Ranges handed to delegates: these coupons are no longer ours. */
    readonly delegated?: readonly CouponRange[]
    /**
     * The first number that the coupon book vouches for. `undefined`: the master came without its book (restored,
     * copied), and sells by kind 4 only (docs/protocol.md §4).
     */
    readonly freshFrom: number | undefined
  }
  readonly endorser?: Endorser
}

/** One torrent's goods, checked against its records. */
export class Stock {
  readonly torrent: SealedTorrent
  readonly seller: Seller
  readonly #records: Records
  /** Most recently used last. */
  readonly #trees = new Map<number, CouponTree>()

  /** @throws {@link LntError} `BAD_INPUT` when the endorser is neither the torrent's publisher nor its delegate */
  constructor(torrent: SealedTorrent, seller: Seller, records: Records) {
    this.torrent = torrent
    this.seller = seller
    this.#records = records
    const { endorser } = seller
    if (!endorser) return
    const own = publisherKey(endorser.secretSeed)
    if (!equal(own, endorser.certificate?.dk ?? torrent.pk))
      throw new LntError({ code: 'BAD_INPUT', what: 'the torrent has another publisher key' })
  }

  /**
   * Kinds that can be sold now, ascending: 1 with coupons and 4, both only with somebody's word.
   * Kind 3, for which only the seller's own node stands, is not offered.
   */
  kinds(can: Capabilities, nowMs: number): number[] {
    const { endorser } = this.seller
    const certExp = endorser?.certificate?.certExp ?? Number.POSITIVE_INFINITY
    if (!endorser || !can.canHold || certExp * 1000 <= nowMs) return []
    return this.couponSource && can.canHoldForeignHash ? [1, 4] : [4]
  }

  /** Coupons that may be offered; undefined when there are none, or nobody knows which are fresh. */
  get couponSource(): Pick<CouponSource, 'seeds' | 'ranges'> | undefined {
    const { coupons, endorser } = this.seller
    if (coupons?.freshFrom === undefined || !endorser) return undefined
    const { seeds, freshFrom, delegated } = coupons
    return { seeds, ranges: ownRanges(seeds, freshFrom, delegated ?? []) }
  }

  /** The record of a span with its path; undefined when it is not known. */
  recordOf(span: number): RecordProof | undefined {
    return this.#records.get(span)
  }

  /**
   * The coupons of a span; undefined when it is not sold by coupon here.
   * @throws {@link LntError} `BAD_KEY` when they are not the ones that the record commits to
   */
  couponsOf(span: number, key: Uint8Array, record: RecordProof): CouponTree | undefined {
    const { coupons } = this.seller
    if (!coupons || equal(record.cv, ZERO_32)) return undefined
    const above = coupons.seeds.x === 1 ? new Uint8Array() : coupons.above?.(span)
    if (!above) return undefined
    const tree = this.#trees.get(span) ?? couponTree(coupons.seeds, span, key, above)
    if (!equal(tree.cv, record.cv))
      throw new LntError({ code: 'BAD_KEY', why: 'our own coupons miss the record', span })
    this.#keep(span, tree)
    return tree
  }

  #keep(span: number, tree: CouponTree): void {
    this.#trees.delete(span)
    this.#trees.set(span, tree)
    const most = Math.max(1, KEPT_COUPONS / 2 ** this.torrent.c)
    for (const old of this.#trees.keys()) {
      if (this.#trees.size <= most) break
      this.#trees.delete(old)
    }
  }
}
