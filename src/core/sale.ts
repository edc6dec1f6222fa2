/**
 * The seller's side of one sale: its table and its journal row (docs/protocol.md §9).
 * @module
 */
import type { Table } from './machine.ts'
import type { Kind } from './purchase.ts'

/** Where a sale stands. The journal keeps exactly this word. */
export type SaleState =
  | 'offered'
  | 'held'
  | 'settling'
  | 'settled'
  | 'lost'
  | 'cancelling'
  | 'cancelled'

/** What can happen to a sale. */
export type SaleEvent =
  | 'held'
  | 'expired'
  | 'cancel'
  | 'accept'
  | 'refuse'
  | 'settled'
  | 'gone'
  | 'cancelled'

/** The whole protocol. */
export const SALE: Table<SaleState, SaleEvent> = {
  offered: { held: 'held', expired: 'cancelling', cancel: 'cancelling' },
  held: { accept: 'settling', refuse: 'cancelling' },
  settling: { settled: 'settled', gone: 'lost' },
  cancelling: { cancelled: 'cancelled', settled: 'settled' },
  settled: {},
  lost: {},
  cancelled: {},
}

/** One sale as the journal keeps it: durable before its endorsement is signed and its invoice made. */
export interface Sale {
  readonly state: SaleState
  /** SHA-256 of the raw info dict, 32 bytes. */
  readonly infoSha256: Uint8Array
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
  readonly span: number
  readonly kind: Kind
  /** Coupon index, or NO_COUPON. */
  readonly j: number
  /** 32 bytes: the coupon's, or random for kinds 3 and 4. */
  readonly preimage: Uint8Array
  readonly amountMsat: bigint
  /** End of the endorsement, unix seconds; 0 for kind 3. */
  readonly exp: number
  /** When the offer ends, unix milliseconds of our clock (`ttl`). */
  readonly expiresAtMs: number
  /** Node key of the wallet that made the invoice, 33 bytes: another wallet's word about it proves nothing. */
  readonly walletNode?: Uint8Array
  /** The asking peer's address bucket (docs/limits.md). */
  readonly buyer: string
  /** Lowest expiry height of the held HTLCs; from `held` on. */
  readonly expiryHeight?: number
}
