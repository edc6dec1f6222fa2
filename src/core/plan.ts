/**
 * Which span to buy next. Pure: the client and the simulator decide with these lines (docs/protocol.md §7).
 * @module
 */
import { covers, leafOf } from './geometry.ts'
import { MAX_PAYMENT_MSAT } from './money.ts'
import { type Price, spanPriceMsat } from './price.ts'

/**
 * What a buyer may have paid for ciphertext that it does not hold yet, in prices of a piece
 * (docs/protocol.md §7, AHEAD_PIECES).
 */
export const AHEAD_PIECES = 16n

/** Largest span bought by itself: a payment for 256 pieces is rare enough, and a lie costs no more. */
export const MAX_SPAN_PIECES = 256

/**
 * A key comes when most of its span's ciphertext is there (AHEAD_PIECES): a span that is a large part of the torrent
 * would leave all of it to be decrypted at the very end. So it is an eighth at most, down to spans of 16 pieces.
 */
const SPANS_AT_LEAST = 8
const LATE_SPAN_PIECES = 16

/** What the choice depends on. */
export interface PlanView {
  /** Number of pieces of the torrent. */
  readonly pieces: number
  /** Pieces wanted, most urgent first. Nothing else is bought, free pieces aside. */
  readonly wanted: readonly number[]
  /** How many of `wanted`, from the front, somebody waits for: these are not kept back for a larger span. */
  readonly urgent: number
  /** Whether `wanted` is all that will ever be wanted (a download), not a window that moves (a player). */
  readonly isSettled: boolean
  /** Whether a piece has no key and none is being bought. */
  readonly isLocked: (piece: number) => boolean
  /** Whether the publisher gives the piece away. */
  readonly isFree: (piece: number) => boolean
  /** Whether the ciphertext is held and verified. */
  readonly inHand: (piece: number) => boolean
  /** Pieces bought whose plaintext commitment has been checked. */
  readonly opened: number
  /** The user trusts this publisher: spans may grow faster than what has been opened. */
  readonly isTrusted: boolean
  /** Paid, or in flight, for ciphertext that is not held yet. */
  readonly aheadMsat: bigint
  /** What the budget leaves for one purchase with its fee limit. */
  readonly leftMsat: bigint
  /** Fee limit that goes with an amount. */
  readonly feeLimitMsat: (amountMsat: bigint) => bigint
  /** Whether the seller may have the span's key, and it can be checked. Who sells a span sells all under it. */
  readonly isSold: (span: number) => boolean
}

/** A span worth buying. */
export interface Choice {
  readonly span: number
  readonly amountMsat: bigint
  /** Existing pieces that it covers. */
  readonly count: number
}

/** What keeps a buyer from buying: `ciphertext` and `later` end by themselves, `budget` does not. */
export type Obstacle = 'nothing' | 'ciphertext' | 'later' | 'budget' | 'seller'

/**
 * The largest span that may be bought for the most urgent piece, else what is in the way.
 * A span qualifies when all its pieces that are not free are wanted and locked, it has at most twice as many
 * pieces as were opened before, the ciphertext of the wanted piece is in hand, and the money allows it.
 * What nobody waits for is kept back while its span can still grow.
 */
export function nextSpan(view: PlanView, price: Price): Choice | Obstacle {
  const wanted = lockedOf(view)
  let obstacle: Obstacle = wanted.size > 0 ? 'ciphertext' : 'nothing'
  const considered = new Set<number>()
  for (const [rank, piece] of view.wanted.entries()) {
    if (!wanted.has(piece) || considered.has(piece) || !view.inHand(piece)) continue
    const { choice, stop } = grow(view, price, wanted, piece)
    if (!choice) {
      if (stop === 'budget') return stop
      obstacle = stop
      continue
    }
    if (rank < view.urgent || stop === 'seller' || stop === 'budget') return choice
    obstacle = 'later'
    const { first, count } = covers(view.pieces, choice.span)
    for (let other = first; other < first + count; other++) considered.add(other)
  }
  return obstacle
}

function lockedOf({ wanted, isLocked, isFree }: PlanView): ReadonlySet<number> {
  return new Set(wanted.filter((piece) => isLocked(piece) && !isFree(piece)))
}

/** How far a span could grow, and what stopped it. `seller`: nothing that ends by waiting. */
interface Growth {
  readonly choice?: Choice
  readonly stop: Exclude<Obstacle, 'nothing'>
}

/** Grows from the piece's own span upwards as long as every rule holds. */
function grow(view: PlanView, price: Price, wanted: ReadonlySet<number>, piece: number): Growth {
  let found: { choice?: Choice } = {}
  for (let span = leafOf(view.pieces, piece); span >= 1; span = Math.floor(span / 2)) {
    const { count } = covers(view.pieces, span)
    if (count > limitPieces(view)) break
    const gap = firstGap(view, wanted, span)
    if (gap !== undefined) return { ...found, stop: gap }
    if (!view.isSold(span)) break
    const amountMsat = spanPriceMsat(price, count, paidPieces(view, span))
    if (amountMsat > MAX_PAYMENT_MSAT) break
    if (amountMsat + view.feeLimitMsat(amountMsat) > view.leftMsat)
      return { ...found, stop: 'budget' }
    if (!staysBehind(view, price, span, amountMsat)) return { ...found, stop: 'ciphertext' }
    found = { choice: { span, amountMsat, count } }
  }
  return { ...found, stop: 'seller' }
}

/** Why a span is not wholly wanted: `seller` when it never will be, `later` when it may become so. */
function firstGap(
  view: PlanView,
  wanted: ReadonlySet<number>,
  span: number,
): 'seller' | 'later' | undefined {
  const { first, count } = covers(view.pieces, span)
  let gap: 'later' | undefined
  for (let piece = first; piece < first + count; piece++) {
    if (view.isFree(piece) || wanted.has(piece)) continue
    if (view.isSettled || !view.isLocked(piece)) return 'seller'
    gap = 'later'
  }
  return gap
}

/** A buyer that has opened nothing buys single pieces; after that at most twice what it has opened. */
function limitPieces({ opened, isTrusted, pieces }: PlanView): number {
  const most = Math.min(MAX_SPAN_PIECES, Math.max(LATE_SPAN_PIECES, pieces / SPANS_AT_LEAST))
  return isTrusted ? most : Math.min(most, Math.max(1, 2 * opened))
}

function paidPieces(view: PlanView, span: number): number {
  const { first, count } = covers(view.pieces, span)
  let paid = 0
  for (let piece = first; piece < first + count; piece++) if (!view.isFree(piece)) paid += 1
  return paid
}

/** Whether Σ amount · missing / existing stays within AHEAD_PIECES prices with this span too. */
function staysBehind(view: PlanView, price: Price, span: number, amountMsat: bigint): boolean {
  return (
    view.aheadMsat + aheadMsat(view.pieces, span, amountMsat, view.inHand) <=
    AHEAD_PIECES * price.priceMsat
  )
}

/** What of a span's amount is for ciphertext not held: amount · missing / existing, rounded up. */
export function aheadMsat(
  pieces: number,
  span: number,
  amountMsat: bigint,
  inHand: (piece: number) => boolean,
): bigint {
  const { first, count } = covers(pieces, span)
  let missing = 0
  for (let piece = first; piece < first + count; piece++) if (!inHand(piece)) missing += 1
  return (amountMsat * BigInt(missing) + BigInt(count) - 1n) / BigInt(count)
}
