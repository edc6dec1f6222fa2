/**
 * Publishers that lie: each seals a torrent whose records do not keep what they promise.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { couponTree } from '../../torrents/coupons.ts'
import { buildInfo } from '../../torrents/info.ts'
import { keyCommitment } from '../../torrents/keys.ts'
import { RECORD_BYTES, recordTable } from '../../torrents/records.ts'
import type { Sealed } from '../../torrents/seal.ts'
import { publisherOf, type RigOptions } from './desk-rig.ts'

/** A key that opens nothing. */
export const FALSE_KEY: Uint8Array = new Uint8Array(32).fill(0xee)

/** Sells a false key for a span by the publisher's word alone (kind 4). */
export function byWord(span: number): RigOptions {
  return {
    seller: (publisher) => ({
      ...publisher,
      keyOf: (asked) => (asked === span ? FALSE_KEY : publisher.keyOf(asked)),
      coupons: { ...publisher.coupons, freshFrom: undefined },
    }),
  }
}

/** Commits to coupons that give a false key for a span (kind 1). */
export function byCoupon(span: number): RigOptions {
  return {
    spoil: (sealed) => {
      const { seeds } = publisherOf(sealed).coupons
      return withRow(sealed, span, { cv: couponTree(seeds, span, FALSE_KEY).cv })
    },
    seller: (publisher) => ({
      ...publisher,
      keyOf: (asked) => (asked === span ? FALSE_KEY : publisher.keyOf(asked)),
    }),
  }
}

/** Commits to another plaintext than the one that the key opens. */
export function byPlaintext(leaf: number): RigOptions {
  return { spoil: (sealed) => withRow(sealed, leaf, { pt: sha256(FALSE_KEY) }) }
}

/** Sells a key for an inner span that meets its commitment, and derives false keys for its pieces. */
export function byDerived(span: number): RigOptions {
  return {
    spoil: (sealed) => {
      const { seeds } = publisherOf(sealed).coupons
      const { cv } = couponTree(seeds, span, FALSE_KEY)
      return withRow(sealed, span, { kc: keyCommitment(FALSE_KEY), cv })
    },
    seller: (publisher) => ({
      ...publisher,
      keyOf: (asked) => (asked === span ? FALSE_KEY : publisher.keyOf(asked)),
    }),
  }
}

function withRow(
  sealed: Sealed,
  span: number,
  lie: { readonly kc?: Uint8Array; readonly pt?: Uint8Array; readonly cv?: Uint8Array },
): Sealed {
  const rows = sealed.rows.slice()
  for (const [i, part] of [lie.kc, lie.pt, lie.cv].entries())
    if (part) rows.set(part, RECORD_BYTES * span + 32 * i)
  const { root } = recordTable(rows, sealed.torrent.pieces)
  return { ...sealed, rows, torrent: buildInfo({ ...sealed.torrent, root }) }
}
