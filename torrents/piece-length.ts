/**
 * Which piece length and how many coupons a torrent gets, and what sealing it then costs (docs/protocol.md §4).
 * @module
 */
import { LntError } from '../src/core/errors.ts'
import { depthOf, exists, MAX_PIECES, piecesOf } from '../src/core/geometry.ts'
import { MAX_C } from './coupons.ts'

const KIB = 1_024
const MIB = 1_024 * KIB

/** Shortest and longest piece that is chosen automatically, in bytes. */
const SHORTEST = 16 * KIB
const LONGEST = 4 * MIB

/** Above this much content each doubling of the pieces costs more in coupons than it gives in seeking. */
const LARGE_BYTES = 64 * MIB
const LARGE_SHORTEST = 256 * KIB

/** How many pieces are aimed at, at most: fine enough to seek and to price, records of some 300 KiB. */
const MANY_PIECES = 1_500

/** Coupons per span unless told otherwise: 256 (docs/protocol.md §4). */
export const DEFAULT_C = 8

/**
 * Piece length for this much content: a power of two from 16 KiB to 4 MiB, at least 256 KiB above 64 MiB;
 * longer than 4 MiB only where there would otherwise be more than 2^18 pieces.
 */
export function pieceBytesFor(totalBytes: number): number {
  let pieceBytes = totalBytes > LARGE_BYTES ? LARGE_SHORTEST : SHORTEST
  while (pieceBytes < LONGEST && totalBytes / pieceBytes > MANY_PIECES) pieceBytes *= 2
  while (piecesOf(totalBytes, pieceBytes) > MAX_PIECES) pieceBytes *= 2
  return pieceBytes
}

/**
 * log2 of the coupons per span for this many expected buyers, 0 … 16: each span can be sold so often by kind 1.
 * @throws LntError `BAD_INPUT` when it is not a count of buyers
 */
export function couponsFor(buyers: number): number {
  if (!Number.isSafeInteger(buyers) || buyers < 1)
    throw new LntError({
      code: 'BAD_INPUT',
      what: `not a number of buyers: ${buyers}`,
      hint: 'give a whole number from 1 on',
    })
  // Above 65,536 the publisher goes on with kind 4 (docs/protocol.md §4).
  return Math.min(MAX_C, Math.ceil(Math.log2(buyers)))
}

/** What sealing will cost. */
export interface SealingCost {
  readonly pieces: number
  /** Existing spans. */
  readonly spans: number
  /** Coupons of all spans. */
  readonly coupons: number
  /** CPU seconds over all cores; a guess from the speed of one machine. */
  readonly cpuSeconds: number
  /** Record rows that the publisher keeps, in bytes. */
  readonly rowsBytes: number
}

/** CPU seconds per byte without coupons (two passes: 350 MB/s) and per coupon (five hashes of 0.7 µs). */
const SECONDS_PER_BYTE = 1 / 350e6
const SECONDS_PER_COUPON = 5 * 0.7e-6

/** Estimates what sealing costs: half of the coupons, half of that part. */
export function sealingCost(totalBytes: number, pieceBytes: number, c: number): SealingCost {
  const pieces = piecesOf(totalBytes, pieceBytes)
  const spans = existingSpans(pieces)
  const coupons = spans * 2 ** c
  const cpuSeconds = totalBytes * SECONDS_PER_BYTE + coupons * SECONDS_PER_COUPON
  return { pieces, spans, coupons, cpuSeconds, rowsBytes: 96 * 2 ** (depthOf(pieces) + 1) }
}

/** How many spans of a torrent exist: on each level ceil(pieces / pieces of a span). */
function existingSpans(pieces: number): number {
  let spans = 0
  for (let covered = 1; covered <= 2 ** depthOf(pieces); covered *= 2)
    spans += Math.ceil(pieces / covered)
  return spans
}

/** The existing inner spans, ascending: all but the leaves. */
export function innerSpans(pieces: number): number[] {
  const spans: number[] = []
  for (let span = 1; span < 2 ** depthOf(pieces); span++) if (exists(pieces, span)) spans.push(span)
  return spans
}
