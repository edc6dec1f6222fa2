/**
 * Which piece next: what is needed now in its order, then the rest as it was asked for.
 * @module
 */
import type { Source } from './source.ts'

/** How pieces outside the ordered needs are fetched. */
export type Rest = 'none' | 'sequential' | 'rarest'

/** Needs of one torrent. */
export class Picker {
  readonly #pieces: number
  readonly #has: (piece: number) => boolean
  /** How many connected peers have each piece. */
  readonly #holders: Uint16Array
  #needs: number[] = []
  #isNeeded: Set<number> = new Set()
  #rest: Rest = 'none'
  #cursor = 0

  constructor(pieces: number, has: (piece: number) => boolean) {
    this.#pieces = pieces
    this.#has = has
    this.#holders = new Uint16Array(pieces)
  }

  /** Replaces the needs. Pieces beyond the end and pieces held are left out. */
  want(needs: readonly number[], rest: Rest): void {
    this.#isNeeded = new Set(
      needs.filter((piece) => piece >= 0 && piece < this.#pieces && !this.#has(piece)),
    )
    this.#needs = [...this.#isNeeded]
    this.#rest = rest
    this.#cursor = 0
  }

  /** What is needed, in order; pieces that came a moment ago may still be among them. */
  get needs(): readonly number[] {
    return this.#needs
  }

  /** Whether the piece is wanted and not held. */
  wants(piece: number): boolean {
    return !this.#has(piece) && (this.#rest !== 'none' || this.#isNeeded.has(piece))
  }

  /** A piece is held now. */
  done(piece: number): void {
    if (!this.#isNeeded.delete(piece)) return
    // The first needs come first: swept now and then, not at each piece of a long list.
    if (this.#needs.length < 16 || this.#isNeeded.size < 0.75 * this.#needs.length)
      this.#needs = this.#needs.filter((need) => this.#isNeeded.has(need))
  }

  /** Counts holders: one more, or one less. */
  held(piece: number, by: 1 | -1): void {
    this.#holders[piece] = (this.#holders[piece] ?? 0) + by
  }

  /** Counts all that a peer has. */
  heldBy(source: Source, by: 1 | -1): void {
    for (let piece = 0; piece < this.#pieces; piece++) if (source.has(piece)) this.held(piece, by)
  }

  /** The next piece of the rest that `takes` accepts, or −1. */
  next(takes: (piece: number) => boolean): number {
    if (this.#rest === 'sequential') return this.#sequential(takes)
    if (this.#rest === 'rarest') return this.#rarest(takes)
    return -1
  }

  #sequential(takes: (piece: number) => boolean): number {
    while (this.#cursor < this.#pieces && this.#has(this.#cursor)) this.#cursor += 1
    for (let piece = this.#cursor; piece < this.#pieces; piece++)
      if (!this.#has(piece) && takes(piece)) return piece
    return -1
  }

  #rarest(takes: (piece: number) => boolean): number {
    let best = -1
    let fewest = Number.POSITIVE_INFINITY
    let ties = 0
    for (let piece = 0; piece < this.#pieces; piece++) {
      const holders = this.#holders[piece] ?? 0
      if (holders > fewest || this.#has(piece) || !takes(piece)) continue
      ties = holders < fewest ? 1 : ties + 1
      fewest = holders
      // One of the rarest, each as likely: peers that all began with the first would get in step.
      if (Math.random() * ties < 1) best = piece
    }
    return best
  }
}
