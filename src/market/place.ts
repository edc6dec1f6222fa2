/**
 * One offer's place under the limits: open until its HTLC is held, held until the sale ends (docs/protocol.md §8).
 * @module
 */

/** What a step changes in the counts of the peer and its address. */
export interface Change {
  readonly open: -1 | 0 | 1
  readonly held: -1 | 0 | 1
  readonly settled: 0 | 1
}

/** Taken when an ask is granted. Each step counts once, in order, however often it is told. */
export class Place {
  readonly #count: (change: Change) => void
  #stage: 'open' | 'held' | 'paid' | 'ended' = 'open'

  /** @param count - is told of every change, the first one at once */
  constructor(count: (change: Change) => void) {
    this.#count = count
    count({ open: 1, held: 0, settled: 0 })
  }

  /** The HTLC is held: no longer an open offer. */
  held(): void {
    if (this.#stage !== 'open') return
    this.#stage = 'held'
    this.#count({ open: -1, held: 1, settled: 0 })
  }

  /** The settle call is being made: from now on the connection counts as paying. */
  paid(): void {
    this.held()
    if (this.#stage !== 'held') return
    this.#stage = 'paid'
    this.#count({ open: 0, held: 0, settled: 1 })
  }

  /** The sale is over, however it ended. */
  end(): void {
    if (this.#stage === 'ended') return
    const isOpen = this.#stage === 'open'
    this.#stage = 'ended'
    this.#count(isOpen ? { open: -1, held: 0, settled: 0 } : { open: 0, held: -1, settled: 0 })
  }
}
