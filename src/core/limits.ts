/**
 * What a seller grants to one peer, one address, and all strangers together (docs/protocol.md §8, docs/limits.md).
 * Limits of the wire format itself are in extensions/lnt-trade/limits.ts.
 * @module
 */
import type { Rate } from './bucket.ts'

/** Asks of a connection that has settled nothing yet (§8). Beyond: reject 4 with a wait. */
export const STRANGER_ASKS: Rate = { perSecond: 1, burst: 4 }
/** Asks of a connection after its first settled sale (§8). Beyond: reject 4 with a wait. */
export const PAYING_ASKS: Rate = { perSecond: 30, burst: 32 }
/** Asks of all strangers together (§8 names the rate; a second's worth at once). Beyond: reject 4 with a wait. */
export const ALL_STRANGERS_ASKS: Rate = { perSecond: 20, burst: 20 }
/** Asks refused for their rate before the peer is dropped: one that heeds `wait` never meets this. Ours. */
export const HEEDLESS_ASKS: Rate = { perSecond: 10, burst: 64 }
/** Asks for record rows of one connection (§8). Beyond: reject 4 with a wait. */
export const GETRECORDS: Rate = { perSecond: 10, burst: 32 }
/** Terms that we send to one connection: within 1/s burst 4 (§8) also when the network bunches them. Ours. */
export const TERMS_SENT: Rate = { perSecond: 0.9, burst: 3 }

/** Open offers of a connection that has settled nothing yet; +1 for each settled sale (§8). */
export const CONNECTION_OPEN = 1
/** Open offers of all connections of one address; +1 for each sale settled there (§8). */
export const ADDRESS_OPEN = 2
/** Most open offers of one connection, and of one address, whatever was settled (§8). */
export const MOST_OPEN = 8
/** Open offers of all strangers together (§8). */
export const ALL_STRANGERS_OPEN = 64
/** HTLCs held for one connection (§8). */
export const HELD_PER_PEER = 4
/** How long a peer is told to wait that has too many offers open, ms. Ours: a payment takes about as long. */
export const OPEN_WAIT_MS = 1_000
/** How long a peer is told to wait while the wallet is away, ms, and how often the wallet is tried. Ours. */
export const WALLET_WAIT_MS = 5_000

/** How long a nonce is remembered, ms: one hour (§8). */
export const NONCE_MS = 3_600_000
/** Most nonces remembered; the oldest go first (§8). */
export const MOST_NONCES = 65_536
/** Addresses whose settled sales are remembered; the least recently seen go first. Ours. */
export const MOST_ADDRESSES = 4_096

/** How long our offers live, seconds (§7). */
export const OFFER_TTL_SECONDS = 60
/** Final CLTV delta of our offers, blocks (§7). */
export const OFFER_CLTV_DELTA = 24
/** Most hops that a publisher takes in an ask (§8). */
export const PUBLISHER_HOPS = 2
/** How long an unpaid coupon rests after its endorsement ended, seconds: 24 h (§7). */
export const COUPON_REST_SECONDS = 86_400

/**
 * Coupons of one span that strangers together can have out: max(1, J/8) (§7).
 * @param coupons - J
 */
export function strangerCoupons(coupons: number): number {
  return Math.max(1, Math.floor(coupons / 8))
}

/**
 * Open offers granted: `base`, one more for each settled sale, at most {@link MOST_OPEN} (§8).
 * @param base - {@link CONNECTION_OPEN} or {@link ADDRESS_OPEN}
 */
export function openAllowance(base: number, settled: number): number {
  return Math.min(MOST_OPEN, base + settled)
}
