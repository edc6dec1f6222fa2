/**
 * The messages of `lnt_trade` as typed values (docs/protocol.md §8). Money is bigint msat here.
 * @module
 */
import type { Endorsement, Kind, RecordProof } from '../../src/core/purchase.ts'

/** t = 0: the price sheet. */
export interface Terms {
  readonly type: 'terms'
  /** Price of one piece, msat, ≥ 1. */
  readonly priceMsat: bigint
  /** Discount per level, ppm, 0 … 500,000. */
  readonly stepPpm: number
  /** Kinds sold, ascending; may name kinds we do not know (1 … 255). */
  readonly kinds: readonly number[]
  /** Maximal spans whose key the seller holds, ascending. May be empty: ask and see. */
  readonly spans: readonly number[]
  /** Maximal spans that the seller forwards, ascending (`fwd`). */
  readonly forwards: readonly number[]
  /** The seller's Lightning node, 33 bytes. */
  readonly node: Uint8Array
  /** Most hops that the seller takes in an ask. */
  readonly hops: number
  /** How long its offers live, seconds, 1 … 3,600. */
  readonly ttlSeconds: number
  /** Revision of the price sheet. */
  readonly rev: number
}

/** t = 1: asks for an offer. */
export interface Ask {
  readonly type: 'ask'
  readonly id: number
  readonly span: number
  readonly kinds: readonly number[]
  /** Most that the buyer pays, msat, ≥ 1. */
  readonly mostMsat: bigint
  /** Fresh and random, of the final buyer, 32 bytes. */
  readonly nonce: Uint8Array
  readonly hops: number
  readonly rev: number
}

/** t = 2: an invoice, its hash proven to belong to the span's record. */
export interface Offer {
  readonly type: 'offer'
  readonly id: number
  readonly span: number
  readonly kind: Kind
  readonly record: RecordProof
  /** The seller's fresh X25519 key for `box`, 32 bytes. */
  readonly epk: Uint8Array
  /** The sealed wrap, 48 bytes. */
  readonly box: Uint8Array
  /** BOLT 11, printable ASCII, ≤ 2,048. */
  readonly invoice: string
  readonly ttlSeconds: number
  /** Exactly for kind 1. */
  readonly coupon?: { readonly j: number; readonly cpath: Uint8Array }
  /** Required for kind 4, absent for kind 3. */
  readonly endorsement?: Endorsement
}

/** Reject codes (docs/protocol.md §8). Codes that we do not know are kept as numbers. */
export const REJECT = {
  noKey: 1,
  tooCheap: 2,
  tooManyOpen: 3,
  busy: 4,
  upstreamFailed: 5,
  noCoupon: 6,
  badSpan: 7,
  noSuchKind: 8,
  paused: 9,
  tooManyHops: 10,
  loop: 11,
  oldRev: 12,
} as const

/** t = 3: no offer, no rows. */
export interface Reject {
  readonly type: 'reject'
  readonly id: number
  readonly code: number
  /** Printable ASCII, ≤ 120, may be empty. */
  readonly text: string
  /** Wait before asking again, ms; only with codes 3 and 4. */
  readonly waitMs?: number
}

/** t = 4: the ask is no longer wanted. */
export interface Cancel {
  readonly type: 'cancel'
  readonly id: number
}

/** t = 5: asks for the record rows `level` levels below `span`. */
export interface GetRecords {
  readonly type: 'getrecords'
  readonly id: number
  readonly span: number
  /** 0 … 9. */
  readonly level: number
}

/** t = 6: record rows, 96 · 2^level bytes, and the path of their run. */
export interface Records {
  readonly type: 'records'
  readonly id: number
  readonly span: number
  readonly level: number
  readonly rows: Uint8Array
  readonly rpath: Uint8Array
}

/** t = 7: a lie, for everybody to check (docs/protocol.md §10). */
export type EvidenceMessage = { readonly type: 'evidence'; readonly span: number } & {
  readonly record: RecordProof
} & (
    | {
        readonly form: 'coupon'
        readonly j: number
        readonly wrap: Uint8Array
        readonly preimage: Uint8Array
        readonly cpath: Uint8Array
      }
    | {
        readonly form: 'endorsed'
        readonly wrap: Uint8Array
        readonly preimage: Uint8Array
        readonly nonce: Uint8Array
        readonly endorsement: Endorsement
      }
    | {
        readonly form: 'signed'
        readonly wrap: Uint8Array
        readonly preimage: Uint8Array
        readonly invoice: string
      }
    | {
        readonly form: 'keys'
        readonly key: Uint8Array
        readonly descendant: { readonly span: number; readonly record: RecordProof }
      }
    | { readonly form: 'plaintext'; readonly key: Uint8Array }
    | { readonly form: 'free' }
  )

/** One message of the extension. */
export type Message = Terms | Ask | Offer | Reject | Cancel | GetRecords | Records | EvidenceMessage
