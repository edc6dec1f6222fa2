/**
 * Fetches record rows from whoever serves them: a buyer of inner spans needs every piece's (docs/protocol.md §5, §7).
 * @module
 */
import { MAX_RUN_LEVEL, type RecordBook } from '../../torrents/records.ts'
import type { Clock } from '../core/clock.ts'
import { LntError } from '../core/errors.ts'
import { covers, depthOf, leafOf, levelOf, type Run } from '../core/geometry.ts'
import type { Seller, Sellers } from './sellers.ts'

/** How long a peer that had no rows for a run is left alone about it, ms. Ours: a viewer gets them as it watches. */
export const NO_ROWS_MS = 30_000

/** What the fetcher works on. */
export interface RowsPorts {
  readonly pieces: number
  readonly book: RecordBook
  readonly sellers: Sellers
  readonly clock: Pick<Clock, 'nowMs'>
  /** The verified rows of these pieces have come. */
  readonly onRows: (run: Run) => void
  /** Something of ours failed. */
  readonly onError: (err: unknown) => void
}

/** Asks peers for runs of leaf rows, one request a run at a time, until they are in the book. */
export class Rows {
  readonly #ports: RowsPorts
  /** Levels in one request: 512 rows, or the whole torrent. */
  readonly #height: number
  /** Runs being asked for, by their top span. */
  readonly #asking = new Set<number>()
  #isClosed = false

  constructor(ports: RowsPorts) {
    this.#ports = ports
    this.#height = Math.min(MAX_RUN_LEVEL, depthOf(ports.pieces))
  }

  /** Whether the rows of every piece under a span are in the book. */
  isKnown(span: number): boolean {
    return this.#ports.book.knowsPieces(span)
  }

  /** Sees to it that the runs around these pieces are asked for, where rows are missing. Cheap to repeat. */
  want(pieces: readonly number[]): void {
    const { book } = this.#ports
    let last = 0
    for (const piece of pieces) {
      const leaf = leafOf(this.#ports.pieces, piece)
      const top = Math.floor(leaf / 2 ** this.#height)
      // Neighbours are wanted together: most of them share the run of the one before.
      if (top === last || book.knows(leaf)) continue
      last = top
      this.#ask(top)
    }
  }

  /** Stops asking. */
  close(): void {
    this.#isClosed = true
  }

  #ask(top: number): void {
    if (this.#isClosed || this.#asking.has(top)) return
    const seller = this.#next(top)
    if (!seller) return
    this.#asking.add(top)
    this.#fetch(seller, top)
      .finally(() => this.#asking.delete(top))
      .then((isThere) => isThere || this.#ask(top))
      .catch(this.#ports.onError)
  }

  #next(top: number): Seller | undefined {
    const { sellers, clock } = this.#ports
    const now = clock.nowMs()
    return sellers.all().find(({ rowsAtMs }) => (rowsAtMs.get(top) ?? 0) <= now)
  }

  /** @returns whether the rows are there; else the peer is left alone about them for a while */
  async #fetch(seller: Seller, span: number): Promise<boolean> {
    const { pieces, book, clock, onRows } = this.#ports
    const { peer, asks, rowsAtMs } = seller
    const level = depthOf(pieces) - levelOf(span)
    const { answer } = await asks.getRecords({ span, level })
    if (this.#isClosed) return true
    if (answer === 'timeout' || answer.type !== 'records') {
      const waitMs = answer !== 'timeout' && answer.type === 'reject' ? answer.waitMs : undefined
      rowsAtMs.set(span, clock.nowMs() + Math.min(waitMs ?? NO_ROWS_MS, NO_ROWS_MS))
      return false
    }
    try {
      if (answer.span !== span || answer.level !== level) throw wrongRun()
      book.add(span, level, answer.rows, answer.rpath)
    } catch (err) {
      rowsAtMs.set(span, Number.POSITIVE_INFINITY)
      if (!(err instanceof LntError)) throw err
      peer.drop(err)
      return false
    }
    onRows(covers(pieces, span))
    return true
  }
}

function wrongRun(): LntError {
  return new LntError({ code: 'BAD_PEER', why: 'records of another run than was asked for' })
}
