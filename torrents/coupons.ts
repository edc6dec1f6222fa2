/**
 * Coupons: payment hashes under which a span may be sold (docs/protocol.md §4).
 * @module
 */
import { u8, u32, xor } from '../src/core/bytes.ts'
import { isUnder, levelOf } from '../src/core/geometry.ts'
import { ascii, prf, sha256, T } from './hash.ts'
import { foldPath, HASH_BYTES } from './merkle.ts'

/** Largest c: 65,536 coupons per span (docs/protocol.md §4). */
export const MAX_C = 16

/** Secrets of the coupons under one node x of the seed heap: all of them (x = 1), or a delegated range. */
export class CouponSeeds {
  /** log2 of the coupons per span. */
  readonly c: number
  /** Node of the seed heap, 1 ≤ x < 2^(c+1). */
  readonly x: number
  readonly #seed: Uint8Array
  readonly #known = new Map<number, Uint8Array>()

  private constructor(c: number, x: number, seed: Uint8Array) {
    if (!isCouponNode(c, x)) throw new RangeError(`coupons: no node ${x} for c = ${c}`)
    this.c = c
    this.x = x
    this.#seed = seed
  }

  /** All coupons of a torrent. */
  static ofMaster(master: Uint8Array, salt: Uint8Array, c: number): CouponSeeds {
    return new CouponSeeds(c, 1, prf(master, ascii('lnt1/cr.'), salt, u8(c)))
  }

  /**
   * The coupons under x, from what the publisher handed over.
   * @param seed - σ(x), 32 bytes
   * @throws RangeError when x is no node for this c
   */
  static delegated(c: number, x: number, seed: Uint8Array): CouponSeeds {
    return new CouponSeeds(c, x, seed)
  }

  /** Lowest and highest coupon index of the range. */
  get range(): { readonly first: number; readonly last: number } {
    const height = this.c - levelOf(this.x)
    const first = this.x * 2 ** height - 2 ** this.c
    return { first, last: first + 2 ** height - 1 }
  }

  /** Whether coupon j is in the range. */
  holds(j: number): boolean {
    return isCoupon(this.c, j) && isUnder(2 ** this.c + j, this.x)
  }

  /**
   * σ(x), 32 bytes: hands the coupons under x to a partner, for every span whose key it has.
   * @throws RangeError when x is not in the range
   */
  delegate(x: number): Uint8Array {
    if (!isCouponNode(this.c, x) || !isUnder(x, this.x)) throw new RangeError(`coupons: node ${x}`)
    if (x === this.x) return this.#seed
    let seed = this.#known.get(x)
    if (seed === undefined) {
      seed = prf(this.delegate(Math.floor(x / 2)), ascii('lnt1/cgm'), u8(x % 2))
      this.#known.set(x, seed)
    }
    return seed
  }

  /**
   * p_{v,j}, 32 bytes.
   * @throws RangeError when j is not in the range
   */
  preimage(span: number, j: number): Uint8Array {
    if (!this.holds(j)) throw new RangeError(`coupons: no coupon ${j} here`)
    return T('lnt1/pre', this.delegate(2 ** this.c + j), u32(span))
  }
}

/** Whether x is a node of the coupon-seed heap: 1 ≤ x < 2^(c+1). */
export function isCouponNode(c: number, x: number): boolean {
  return Number.isInteger(x) && x >= 1 && x < 2 ** (c + 1)
}

/** Whether j is a coupon index: 0 ≤ j < 2^c. */
export function isCoupon(c: number, j: number): boolean {
  return Number.isInteger(j) && j >= 0 && j < 2 ** c
}

/** Payment hash of a preimage (BOLT 2), 32 bytes. */
export function paymentHash(preimage: Uint8Array): Uint8Array {
  return sha256(preimage)
}

/** w = K_v xor T("lnt1/wrp", p), 32 bytes, for kinds 1, 3 and 4. */
export function wrap(key: Uint8Array, preimage: Uint8Array): Uint8Array {
  return xor(key, T('lnt1/wrp', preimage))
}

/** K_v = w xor T("lnt1/wrp", p): what a paid preimage gives. */
export function unwrap(wrapped: Uint8Array, preimage: Uint8Array): Uint8Array {
  return xor(wrapped, T('lnt1/wrp', preimage))
}

/** What a coupon leaf is made of. */
export interface Coupon {
  readonly span: number
  readonly j: number
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
  /** 32 bytes. */
  readonly wrap: Uint8Array
}

/** Leaf of a span's coupon tree. */
export function couponLeaf({ span, j, hash, wrap: wrapped }: Coupon): Uint8Array {
  return T('lnt1/cpl', u32(span), u32(j), hash, wrapped)
}

/** Inner node of a span's coupon tree. */
export function couponInner(left: Uint8Array, right: Uint8Array): Uint8Array {
  return T('lnt1/cpi', left, right)
}

/** The coupons of one span, as a seller needs them. */
export interface CouponTree {
  /** cv_v, 32 bytes. */
  readonly cv: Uint8Array
  /** Sibling hashes of coupon j bottom-up, 32·c bytes. */
  path(j: number): Uint8Array
  /** Sibling hashes above node x of the seed heap, bottom-up: what a delegate of x needs for this span. */
  above(x: number): Uint8Array
}

/**
 * Builds the coupons of a span.
 * @param above - for a delegate: the publisher's `above(x)` of this span, 32·level(x) bytes
 */
export function couponTree(
  seeds: CouponSeeds,
  span: number,
  key: Uint8Array,
  above: Uint8Array = new Uint8Array(),
): CouponTree {
  const { c, x } = seeds
  if (above.length !== HASH_BYTES * levelOf(x)) throw new RangeError('coupons: path above x')
  const nodes = new Map<number, Uint8Array>()
  const build = (node: number): Uint8Array => {
    const hash =
      node >= 2 ** c
        ? leafOfSeeds(seeds, span, key, node - 2 ** c)
        : couponInner(build(2 * node), build(2 * node + 1))
    nodes.set(node, hash)
    return hash
  }
  const cv = foldPath(build(x), x, above, couponInner)
  const siblings = (node: number): Uint8Array => {
    if (!isCouponNode(c, node) || !isUnder(node, x)) throw new RangeError(`coupons: node ${node}`)
    const levels = levelOf(node) - levelOf(x)
    const path = new Uint8Array(HASH_BYTES * levels + above.length)
    for (let up = 0; up < levels; up++)
      path.set(nodes.get((node >>> up) ^ 1) ?? new Uint8Array(), HASH_BYTES * up)
    path.set(above, HASH_BYTES * levels)
    return path
  }
  return { cv, path: (j) => siblings(2 ** c + j), above: siblings }
}

function leafOfSeeds(seeds: CouponSeeds, span: number, key: Uint8Array, j: number): Uint8Array {
  const preimage = seeds.preimage(span, j)
  return couponLeaf({ span, j, hash: paymentHash(preimage), wrap: wrap(key, preimage) })
}

/**
 * Root of the tree that a coupon belongs to: equals cv_v when the coupon is the publisher's.
 * @param cpath - 32·c bytes; the caller checks length and j < 2^c first
 */
export function foldCoupon(coupon: Coupon, cpath: Uint8Array): Uint8Array {
  return foldPath(couponLeaf(coupon), coupon.j, cpath, couponInner)
}
