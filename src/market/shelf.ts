/**
 * What a buyer holds of one torrent: which pieces are locked, being bought, keyed, opened.
 * @module
 */

import type { SealedTorrent } from '../../torrents/info.ts'
import { keyOf, type SpanKey } from '../../torrents/keys.ts'
import { covers, isUnder, leafOf } from '../core/geometry.ts'
import { aheadMsat } from '../core/plan.ts'

/** A key that was bought before, and what for. */
export interface Paid {
  readonly span: number
  readonly amountMsat: bigint
}

const LOCKED = 0
const BUYING = 1
const KEYED = 2
const FREE = 3

/** The pieces of one torrent as its buyer sees them. */
export class Shelf {
  readonly #torrent: SealedTorrent
  readonly #inHand: (piece: number) => boolean
  /** Keys held, by span: bought ones and those given away. */
  readonly #keys = new Map<number, Uint8Array>()
  /** One byte a piece: LOCKED, BUYING, KEYED or FREE. */
  readonly #lock: Uint8Array
  readonly #opened: Uint8Array
  /** No piece before this one is locked: a long torrent is not searched from its start each time. */
  #firstLocked = 0
  #openedCount = 0
  /** Spans being bought. Few: what may be in flight, and what earlier runs left. */
  readonly #buying: number[] = []
  /** Spans paid for, or being paid, some ciphertext of which is missing. */
  #ahead: Paid[] = []

  /** @param bought - what the key ring holds for this torrent */
  constructor(
    torrent: SealedTorrent,
    bought: readonly SpanKey[],
    inHand: (piece: number) => boolean,
  ) {
    this.#torrent = torrent
    this.#inHand = inHand
    this.#lock = new Uint8Array(torrent.pieces)
    this.#opened = new Uint8Array(torrent.pieces)
    for (const key of bought) this.addKey(key)
    for (const { span, key } of torrent.free) this.#put(span, key, FREE)
  }

  /** Key of a piece's leaf span, given away or bought; undefined while it is locked. */
  leafKey(piece: number): Uint8Array | undefined {
    const leaf = leafOf(this.#torrent.pieces, piece)
    for (let span = leaf; span >= 1; span = Math.floor(span / 2)) {
      const key = this.#keys.get(span)
      if (key) return keyOf({ span, key }, leaf)
    }
    return undefined
  }

  /** Whether the key is held, bought or given away. */
  isKeyed(piece: number): boolean {
    return this.#lock[piece] === KEYED || this.#lock[piece] === FREE
  }

  /** Whether the key of some piece under a span was bought already (money law 2). */
  holdsUnder(span: number): boolean {
    return this.piecesOf(span).some((piece) => this.#lock[piece] === KEYED)
  }

  isFree(piece: number): boolean {
    return this.#lock[piece] === FREE
  }

  /** No key, and none on its way. */
  isLocked(piece: number): boolean {
    return this.#lock[piece] === LOCKED
  }

  /** Pieces whose key is held, free ones too. */
  get keyedCount(): number {
    return this.#lock.reduce((sum, lock) => sum + (lock === KEYED || lock === FREE ? 1 : 0), 0)
  }

  /** The first pieces without a key, none on its way: at most `limit`, ascending. */
  locked(limit: number): number[] {
    const found: number[] = []
    const from = this.#firstLocked
    this.#firstLocked = this.#lock.length
    for (let piece = from; piece < this.#lock.length; piece++) {
      if (this.#lock[piece] !== LOCKED) continue
      if (found.length === 0) this.#firstLocked = piece
      found.push(piece)
      if (found.length === limit) break
    }
    return found
  }

  /** Pieces bought and checked against their plaintext commitment (§7 "opened"; free ones do not count). */
  get openedCount(): number {
    return this.#openedCount
  }

  isOpened(piece: number): boolean {
    return this.#opened[piece] === 1
  }

  /** The piece has met its plaintext commitment. */
  markOpened(piece: number): void {
    if (this.#opened[piece] === 1) return
    this.#opened[piece] = 1
    if (!this.isFree(piece)) this.#openedCount += 1
  }

  /** A purchase of this span has begun. */
  begin(span: number): void {
    this.#buying.push(span)
    this.#mark(span, LOCKED, BUYING)
  }

  /** That purchase is over; without a key its pieces are locked again, but for those that another one is for. */
  end(span: number): void {
    const at = this.#buying.indexOf(span)
    if (at < 0) return
    this.#buying.splice(at, 1)
    this.#mark(span, BUYING, LOCKED)
    for (const other of this.#buying)
      if (isUnder(other, span) || isUnder(span, other)) this.#mark(other, LOCKED, BUYING)
    this.#firstLocked = Math.min(this.#firstLocked, covers(this.#torrent.pieces, span).first)
  }

  /** A key is held. */
  addKey({ span, key }: SpanKey): void {
    this.#put(span, key, KEYED)
  }

  /** Money has gone out, or may have, for a span. */
  paid(paid: Paid): void {
    this.#ahead.push(paid)
  }

  /** The payment failed for good: that money is back. */
  unpaid(paid: Paid): void {
    this.#ahead = this.#ahead.filter((other) => other !== paid)
  }

  /** What was paid, or is in flight, for ciphertext not held (§7, AHEAD_PIECES). */
  aheadMsat(): bigint {
    const { pieces } = this.#torrent
    let sum = 0n
    this.#ahead = this.#ahead.filter((paid) => {
      const ahead = aheadMsat(pieces, paid.span, paid.amountMsat, this.#inHand)
      sum += ahead
      return ahead > 0n
    })
    return sum
  }

  /** Pieces under a span, cut at the end of the torrent. */
  piecesOf(span: number): number[] {
    const { first, count } = covers(this.#torrent.pieces, span)
    return Array.from({ length: count }, (_, i) => first + i)
  }

  #put(span: number, key: Uint8Array, lock: number): void {
    this.#keys.set(span, key)
    for (const piece of this.piecesOf(span)) if (!this.isFree(piece)) this.#lock[piece] = lock
  }

  #mark(span: number, from: number, to: number): void {
    for (const piece of this.piecesOf(span)) if (this.#lock[piece] === from) this.#lock[piece] = to
  }
}
