/**
 * Roots of coupon trees in bulk: five hashes a coupon are most of what sealing costs (docs/protocol.md §4).
 * @module
 */
import type { CouponSeeds } from './coupons.ts'
import { ascii, sha256Short } from './hash.ts'
import { HASH_BYTES } from './merkle.ts'

/** Length of a tag, in bytes. */
const TAG = 8

/** Computes cv of one span after the other, with buffers laid out once: the same result as `couponTree`. */
export class CouponRoots {
  readonly #secrets: readonly Uint8Array[]
  readonly #level: Uint8Array[]
  readonly #preimage = buffer('lnt1/pre', HASH_BYTES + 4)
  readonly #wrap = buffer('lnt1/wrp', HASH_BYTES)
  readonly #leaf = buffer('lnt1/cpl', 8 + 2 * HASH_BYTES)

  /** @param seeds - of the master: all coupons of the torrent */
  constructor(seeds: CouponSeeds) {
    const count = 2 ** seeds.c
    this.#secrets = Array.from({ length: count }, (_, j) => seeds.delegate(count + j))
    this.#level = [...this.#secrets]
  }

  /** cv_v, 32 bytes. */
  root(span: number, key: Uint8Array): Uint8Array {
    const level = this.#level
    for (const [j, secret] of this.#secrets.entries())
      level[j] = this.#leafHash(span, key, j, secret)
    for (let count = level.length / 2; count >= 1; count /= 2)
      for (let i = 0; i < count; i++) level[i] = inner(level[2 * i], level[2 * i + 1])
    return level[0] ?? new Uint8Array()
  }

  #leafHash(span: number, key: Uint8Array, j: number, secret: Uint8Array): Uint8Array {
    this.#preimage.set(secret, TAG)
    put32(this.#preimage, TAG + HASH_BYTES, span)
    const preimage = sha256Short(this.#preimage)

    this.#wrap.set(preimage, TAG)
    const mask = sha256Short(this.#wrap)
    for (let i = 0; i < HASH_BYTES; i++) mask[i] = (mask[i] ?? 0) ^ (key[i] ?? 0)

    const leaf = this.#leaf
    put32(leaf, TAG, span)
    put32(leaf, TAG + 4, j)
    leaf.set(sha256Short(preimage), TAG + 8)
    leaf.set(mask, TAG + 8 + HASH_BYTES)
    return sha256Short(leaf)
  }
}

const innerBuffer = buffer('lnt1/cpi', 2 * HASH_BYTES)

function inner(left: Uint8Array | undefined, right: Uint8Array | undefined): Uint8Array {
  if (left === undefined || right === undefined) throw new RangeError('coupons: uneven level')
  innerBuffer.set(left, TAG)
  innerBuffer.set(right, TAG + HASH_BYTES)
  return sha256Short(innerBuffer)
}

function buffer(tag: string, bytes: number): Uint8Array {
  const made = new Uint8Array(TAG + bytes)
  made.set(ascii(tag))
  return made
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
