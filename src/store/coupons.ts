/**
 * The coupon book: what became of each coupon, by payment hash, never by info hash (docs/protocol.md §4).
 *
 * A coupon without a row is fresh. `out`: offered. `pool`: its offer ended unpaid; it rests until a day after its
 * endorsement ended. `retired`: its preimage is, or is about to be, public; never offered again.
 * @module
 */
import { toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import { COUPON_REST_SECONDS } from '../core/limits.ts'
import type { Database, Row } from './database.ts'
import { checksum, Reader } from './row.ts'

/** The coupons of one span. The same content under another name has the same salt, hence the same ones. */
export interface CouponPlace {
  /** Salt of the torrent, 32 bytes. */
  readonly salt: Uint8Array
  /** log2 of the coupons of a span. */
  readonly c: number
  readonly span: number
}

/** Coupon numbers from `from` up to, not including, `to`. */
export interface CouponRange {
  readonly from: number
  readonly to: number
}

/** How many coupons of a span are not fresh. */
export interface CouponCounts {
  readonly out: number
  readonly pool: number
  readonly retired: number
  /** Of `out` and `pool`: those last given to a stranger (docs/protocol.md §7: at most max(1, J/8)). */
  readonly strangers: number
}

/** A coupon that leaves the book: where it is, and who asked. */
export interface CouponOffer extends CouponPlace {
  readonly j: number
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
  /** End of the endorsement, unix seconds. */
  readonly exp: number
  readonly isStranger: boolean
}

/** What became of a coupon. */
export type CouponState = 'out' | 'pool' | 'retired'

const STATES: readonly CouponState[] = ['out', 'pool', 'retired']
const COLUMNS = ['hash', 'salt', 'c', 'span', 'j', 'state', 'exp', 'stranger']

/** A coupon that is not fresh. */
export interface Coupon extends CouponOffer {
  readonly state: CouponState
}

/** The coupon book of a profile. */
export class Coupons {
  private readonly db: Database
  private readonly nowMs: () => number

  constructor(db: Database, nowMs: () => number) {
    this.db = db
    this.nowMs = nowMs
    // Every row once: one that a flipped bit hides from its query would be lost without a word.
    db.all('SELECT * FROM coupon').forEach(readCoupon)
    db.all('SELECT * FROM coupon_book').forEach(readBook)
  }

  /**
   * The coupon to offer next: a rested one of the pool first for a stranger, a fresh one first for others.
   * @param range - the numbers that are ours to offer
   * @param canReuse - whether the wallet can use a hash again whose invoice has ended
   */
  next(
    place: CouponPlace,
    range: CouponRange,
    { isStranger, canReuse }: { readonly isStranger: boolean; readonly canReuse: boolean },
  ): number | undefined {
    const rested = canReuse ? this.rested(place, range) : undefined
    const fresh = isStranger && rested !== undefined ? undefined : this.fresh(place, range)
    return fresh ?? rested
  }

  /**
   * Takes a coupon out; inside the transaction that records its sale.
   * @throws {@link LntError} `HASH_IN_USE` when it is neither fresh nor rested
   */
  take(offer: CouponOffer): void {
    const known = this.find(offer.hash)
    if (known !== undefined && !this.hasRested(known))
      throw new LntError({ code: 'HASH_IN_USE', hash: toHex(offer.hash) })
    this.write({ ...offer, state: 'out' })
  }

  /** Its offer ended unpaid. */
  giveBack(hash: Uint8Array): void {
    const known = this.find(hash)
    if (known?.state === 'out') this.write({ ...known, state: 'pool' })
  }

  /** Its preimage is about to be public: on disk before the settle call. */
  retire(hash: Uint8Array): void {
    const known = this.find(hash)
    if (known !== undefined) this.write({ ...known, state: 'retired' })
  }

  /** What became of a coupon; `undefined` while it is fresh. */
  stateOf(hash: Uint8Array): CouponState | undefined {
    return this.find(hash)?.state
  }

  counts({ salt, c, span }: CouponPlace): CouponCounts {
    const rows = this.db
      .all('SELECT * FROM coupon WHERE salt = ? AND c = ? AND span = ?', salt, c, span)
      .map(readCoupon)
    const count = (is: (coupon: Coupon) => boolean): number => rows.filter(is).length
    return {
      out: count(({ state }) => state === 'out'),
      pool: count(({ state }) => state === 'pool'),
      retired: count(({ state }) => state === 'retired'),
      strangers: count(({ state, isStranger }) => isStranger && state !== 'retired'),
    }
  }

  /**
   * The first coupon number that this book vouches for, for every span of a master. `undefined`: the master came
   * without its book (restored, copied), and sells by kind 4 only, until {@link openBook} (docs/protocol.md §4).
   * @param master - the master's own publisher key, 32 bytes
   */
  freshFrom(master: Uint8Array): number | undefined {
    const row = this.db.get('SELECT * FROM coupon_book WHERE master = ?', master)
    return row && readBook(row)
  }

  /** A new master's book (`freshFrom` 0), or the user's word that numbers from there on were never offered. */
  openBook(master: Uint8Array, freshFrom: number): void {
    const sum = checksum('coupon_book', [master, freshFrom])
    this.db.run('INSERT OR REPLACE INTO coupon_book VALUES (?, ?, ?)', master, freshFrom, sum)
  }

  private fresh({ salt, c, span }: CouponPlace, { from, to }: CouponRange): number | undefined {
    const row = this.db.get(
      'SELECT MAX(j) AS j FROM coupon WHERE salt = ? AND c = ? AND span = ? AND j >= ? AND j < ?',
      salt,
      c,
      span,
      from,
      to,
    )
    const last = row?.['j']
    const j = typeof last === 'bigint' ? Number(last) + 1 : from
    return j < to ? j : undefined
  }

  private rested({ salt, c, span }: CouponPlace, { from, to }: CouponRange): number | undefined {
    return this.db
      .all(
        `SELECT * FROM coupon WHERE salt = ? AND c = ? AND span = ? AND state = 'pool' AND j >= ? AND j < ?
         ORDER BY exp LIMIT 1`,
        salt,
        c,
        span,
        from,
        to,
      )
      .map(readCoupon)
      .find((coupon) => this.hasRested(coupon))?.j
  }

  private hasRested({ state, exp }: Coupon): boolean {
    return state === 'pool' && this.nowMs() > (exp + COUPON_REST_SECONDS) * 1000
  }

  /** The row of a coupon; `undefined` while it is fresh. */
  find(hash: Uint8Array): Coupon | undefined {
    const row = this.db.get('SELECT * FROM coupon WHERE hash = ?', hash)
    return row && readCoupon(row)
  }

  private write({ hash, salt, c, span, j, state, exp, isStranger }: Coupon): void {
    const cells = [hash, salt, c, span, j, state, exp, isStranger ? 1 : 0]
    this.db.run(
      `INSERT INTO coupon VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (hash) DO UPDATE SET state = excluded.state, exp = excluded.exp,
         stranger = excluded.stranger, sum = excluded.sum`,
      ...cells,
      checksum('coupon', cells),
    )
  }
}

function readCoupon(row: Row): Coupon {
  const r = new Reader('coupon', row, COLUMNS)
  return {
    hash: r.bytes('hash', 32),
    salt: r.bytes('salt', 32),
    c: r.integer('c'),
    span: r.integer('span'),
    j: r.integer('j'),
    state: r.word('state', STATES),
    exp: r.integer('exp'),
    isStranger: r.integer('stranger') === 1,
  }
}

/** @returns the first coupon number that the book vouches for */
function readBook(row: Row): number {
  return new Reader('coupon_book', row, ['master', 'fresh_from']).integer('fresh_from')
}
