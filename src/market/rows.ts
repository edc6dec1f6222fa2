/**
 * Fetches record rows from whoever serves them: a buyer of inner spans needs every piece's (docs/protocol.md §5, §7).
 * @module
 */
import type { RecordBook } from '../../torrents/records.ts'
import { LntError } from '../core/errors.ts'
import { depthOf, leafOf, levelOf } from '../core/geometry.ts'
import type { Seller, Sellers } from './sellers.ts'

/** Most levels in one getrecords: 512 rows, 48 KiB (docs/protocol.md §8). */
const MAX_LEVEL = 9

/** What the fetcher works on. */
export interface RowsPorts {
  readonly pieces: number
  readonly book: RecordBook
  readonly sellers: Sellers
  /** Verified rows have come. */
  readonly onRows: () => void
}

/** Asks peers for runs of leaf rows, one request a run at a time, until they are in the book. */
export class Rows {
  readonly #ports: RowsPorts
  /** Runs being asked for, by their top span. */
  readonly #asking = new Set<number>()
  /** Peers that had no rows for a run: `span/peer`. */
  readonly #refused = new Set<string>()
  #isClosed = false

  constructor(ports: RowsPorts) {
    this.#ports = ports
  }

  /** Whether the rows of every piece under a span are in the book. */
  isKnown(span: number): boolean {
    return this.#ports.book.knowsPieces(span)
  }

  /** Sees to it that the rows of the run around a piece are asked for, if they are missing. */
  want(piece: number): void {
    const { pieces, book } = this.#ports
    if (this.#isClosed || book.knows(leafOf(pieces, piece))) return
    const height = Math.min(MAX_LEVEL, depthOf(pieces))
    const top = Math.floor(leafOf(pieces, piece) / 2 ** height)
    if (this.#asking.has(top)) return
    const seller = this.#next(top)
    if (!seller) return
    this.#asking.add(top)
    void this.#fetch(seller, top, depthOf(pieces) - levelOf(top)).then((isThere) => {
      this.#asking.delete(top)
      if (isThere) return
      this.#refused.add(`${top}/${seller.peer.id}`)
      this.want(piece)
    })
  }

  /** Stops asking. */
  close(): void {
    this.#isClosed = true
  }

  #next(top: number): Seller | undefined {
    return this.#ports.sellers.all().find(({ peer }) => !this.#refused.has(`${top}/${peer.id}`))
  }

  async #fetch({ peer, asks }: Seller, span: number, level: number): Promise<boolean> {
    const { answer } = await asks.getRecords({ span, level })
    if (this.#isClosed || answer === 'timeout' || answer.type !== 'records') return false
    const { rows, rpath } = answer
    try {
      if (answer.span !== span || answer.level !== level) throw wrongRun()
      this.#ports.book.add(span, level, rows, rpath)
    } catch (err) {
      if (!(err instanceof LntError)) throw err
      peer.drop(err)
      return false
    }
    this.#ports.onRows()
    return true
  }
}

function wrongRun(): LntError {
  return new LntError({ code: 'BAD_PEER', why: 'records of another run than was asked for' })
}
