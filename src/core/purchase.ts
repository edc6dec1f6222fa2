/**
 * The buyer's side of one sale: its table and its journal row (docs/protocol.md §9).
 * @module
 */
import type { Table } from './machine.ts'

/** Where a purchase stands. The journal keeps exactly this word. */
export type PurchaseState =
  | 'wanted'
  | 'offered'
  | 'refused'
  | 'paying'
  | 'dead'
  | 'failed'
  | 'paid'
  | 'opened'
  | 'cheated'

/** What can happen to a purchase. */
export type PurchaseEvent =
  | 'offer'
  | 'none'
  | 'cancel'
  | 'pay'
  | 'expired'
  | 'paid'
  | 'failed'
  | 'dead'
  | 'good'
  | 'bad'

/** The whole protocol. From `paying` on only the wallet's word moves it (money law 3). */
export const PURCHASE: Table<PurchaseState, PurchaseEvent> = {
  wanted: { offer: 'offered', none: 'refused', cancel: 'refused' },
  offered: { pay: 'paying', expired: 'refused', cancel: 'refused' },
  paying: { paid: 'paid', failed: 'failed', dead: 'dead' },
  dead: { paid: 'paid' },
  paid: { good: 'opened', bad: 'cheated' },
  opened: { bad: 'cheated' },
  refused: {},
  failed: {},
  cheated: {},
}

/** Kinds of sale, docs/protocol.md §6: 1 coupon, 2 proof (reserved), 3 signed, 4 endorsed. */
export type Kind = 1 | 2 | 3 | 4

/** j of kinds without a coupon, in description_hash and in the box's associated data. */
export const NO_COUPON = 0xffffffff

/** A delegate's certificate (docs/protocol.md §7). */
export interface Certificate {
  /** Node of the coupon-seed heap that is delegated. */
  readonly x: number
  /** End of the delegation, unix seconds. */
  readonly certExp: number
  /** The delegate's Ed25519 public key, 32 bytes. */
  readonly dk: Uint8Array
  /** The publisher's signature, 64 bytes. */
  readonly cert: Uint8Array
}

/** The publisher's (or a delegate's) word for one offer (docs/protocol.md §7). */
export interface Endorsement {
  /** End of the endorsement, unix seconds. */
  readonly exp: number
  /** Ed25519 signature, 64 bytes. */
  readonly sig: Uint8Array
  readonly delegate?: Certificate
}

/** A span's record and its proof: kc ‖ pt ‖ cv and the path to the root (docs/protocol.md §5). */
export interface RecordProof {
  /** Key commitment, 32 bytes. */
  readonly kc: Uint8Array
  /** Plaintext commitment, 32 bytes; zeros for an inner span. */
  readonly pt: Uint8Array
  /** Root of the span's coupons, 32 bytes. */
  readonly cv: Uint8Array
  /** Sibling hashes bottom-up, 32·(d+1) bytes. */
  readonly rpath: Uint8Array
}

/** What a purchase knows from `offered` on: enough to resume it from the journal alone. */
export interface Bargain {
  /** SHA-256 of the raw info dict, 32 bytes. */
  readonly infoSha256: Uint8Array
  readonly span: number
  readonly kind: Kind
  /** Coupon index, or {@link NO_COUPON}. */
  readonly j: number
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
  /** The opened wrap, 32 bytes: without it a preimage is worth nothing. */
  readonly wrap: Uint8Array
  readonly record: RecordProof
  /** Path of the coupon, 32·c bytes; empty but for kind 1. */
  readonly cpath: Uint8Array
  /** BOLT 11. */
  readonly invoice: string
  /** Node that signed the invoice, 33 bytes. */
  readonly payee: Uint8Array
  readonly amountMsat: bigint
  readonly feeLimitMsat: bigint
  /** The ask's nonce, 32 bytes. */
  readonly nonce: Uint8Array
  readonly endorsement?: Endorsement
  /** When the offer ends, unix milliseconds of our clock. */
  readonly expiresAtMs: number
}

/** One purchase as the journal keeps it. */
export interface Purchase extends Bargain {
  readonly state: PurchaseState
  /** Node key of the paying wallet, 33 bytes; from `paying` on. */
  readonly walletNode?: Uint8Array
  /** Absolute CLTV limit passed to the wallet; from `paying` on. */
  readonly expiryLimitHeight?: number
  /** From `paid` on, 32 bytes. */
  readonly preimage?: Uint8Array
  /** Routing fee paid; from `paid` on. */
  readonly feeMsat?: bigint
}
