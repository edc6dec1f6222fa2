/**
 * Every length, count and rate of the wire format (docs/protocol.md §8, docs/limits.md).
 * @module
 */
import type { Rate } from '../../src/core/bucket.ts'
import { depthOf, MAX_PIECES } from '../../src/core/geometry.ts'

/** Longest message, in bytes. The longest that we send, 512 record rows, has about 49,900. */
export const MAX_MESSAGE_BYTES: number = 64 * 1024

/** Largest u32: ids, spans. */
export const MAX_U32 = 0xffffffff

/** SHA-256 hashes, X25519 keys, Ed25519 keys, wraps, preimages, nonces. */
export const HASH_BYTES = 32

/** Ed25519 signature. */
export const SIGNATURE_BYTES = 64

/** Compressed secp256k1 point: a Lightning node. */
export const NODE_BYTES = 33

/** Sealed wrap: 32 bytes and the tag of ChaCha20-Poly1305. */
export const BOX_BYTES: number = 32 + 16

/** One record row: kc ‖ pt ‖ cv. */
export const ROW_BYTES = 96

/** Longest record path, in hashes: d + 1 for the most pieces a torrent has (§2, §5). */
export const MAX_RECORD_PATH: number = depthOf(MAX_PIECES) + 1

/** Most coupons a span has, as log2: c of §4. Also the longest coupon path, in hashes. */
export const MAX_COUPON_DEPTH = 16

/** Largest coupon index j. */
export const MAX_COUPON: number = 2 ** MAX_COUPON_DEPTH - 1

/** Largest node of the heap of coupon seeds: `x` of a delegation (§7). */
export const MAX_COUPON_NODE: number = 2 ** (MAX_COUPON_DEPTH + 1) - 1

/** Entries of `spans` and `fwd` together. */
export const MAX_SPANS = 4096

/** Entries of `kinds`. */
export const MAX_KINDS = 16

/** Largest number of a kind of sale, known to us or not. */
export const MAX_KIND = 255

/** Largest discount per level, ppm. */
export const MAX_STEP_PPM = 500_000

/** Longest life of an offer, seconds. */
export const MAX_TTL_SECONDS = 3600

/** Most levels below a span that one `records` reaches: 512 rows. */
export const MAX_ROWS_LEVEL = 9

/** Longest BOLT 11 text, in bytes. */
export const MAX_INVOICE_BYTES = 2048

/** Longest text of a reject, in bytes. */
export const MAX_TEXT_BYTES = 120

/** Longest name of a form of evidence, in bytes; the longest that we know has 9. */
export const MAX_FORM_BYTES = 16

/** terms a peer may send; beyond, it is dropped. */
export const TERMS_RATE: Rate = { perSecond: 1, burst: 4 }

/** cancels a peer may send. As many at once as it may have asks (burst 32 after a settled sale). */
export const CANCEL_RATE: Rate = { perSecond: 10, burst: 32 }

/** Evidence a peer may send: 1 per 10 s, of which 1 s is slack for a network that bunches messages. */
export const EVIDENCE_RATE: Rate = { perSecond: 1 / 9, burst: 1 }

/** Evidence a peer may send over one connection. */
export const MAX_EVIDENCE = 8

/** Our own trade messages that may wait for a peer that does not read, in bytes. Beyond, it is dropped. */
export const MAX_WAITING_BYTES: number = 1024 * 1024
