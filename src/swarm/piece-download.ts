/**
 * One piece on its way: which blocks are here, who gave them, who was asked.
 * @module
 */
import { BLOCK_BYTES, type Source } from './source.ts'

const MISSING = 0
const ASKED = 1
const HERE = 2

/** One request that is out. */
export interface Asked {
  readonly download: PieceDownload
  readonly source: Source
  readonly block: number
  readonly atMs: number
  /** Given up: the block may be asked from others; an answer is still welcome. */
  released: boolean
  /** We took it back: its failure is not the peer's. */
  cancelled: boolean
}

/** A piece that is being fetched, in memory. */
export class PieceDownload {
  readonly piece: number
  readonly bytes: Buffer
  /** Requests that are out and not released. */
  readonly asked: Set<Asked> = new Set()
  /** Who gave each block. */
  readonly givers: (Source | undefined)[]
  /** The only source that may give it: after a failed hash the liar has to be found. */
  only: Source | undefined
  readonly #states: Uint8Array
  readonly #askers: Uint8Array
  #missingFrom = 0
  #left: number

  constructor(piece: number, pieceBytes: number) {
    this.piece = piece
    this.bytes = Buffer.allocUnsafeSlow(pieceBytes)
    this.#left = Math.ceil(pieceBytes / BLOCK_BYTES)
    this.givers = Array.from({ length: this.#left })
    this.#states = new Uint8Array(this.#left)
    this.#askers = new Uint8Array(this.#left)
  }

  get isWhole(): boolean {
    return this.#left === 0
  }

  /** Length of a block in bytes; only the last one of a piece can be short. */
  lengthOf(block: number): number {
    return Math.min(BLOCK_BYTES, this.bytes.length - block * BLOCK_BYTES)
  }

  /** The first block that nobody was asked for, or −1. */
  firstMissing(): number {
    const states = this.#states
    while (this.#missingFrom < states.length && states[this.#missingFrom] !== MISSING)
      this.#missingFrom += 1
    return this.#missingFrom < states.length ? this.#missingFrom : -1
  }

  /** The request that has been out longest, no later than `beforeMs`, and not with `source`. */
  oldest(source: Source, beforeMs: number, mostAskers: number): Asked | undefined {
    let found: Asked | undefined
    for (const asked of this.asked) {
      if (asked.atMs > beforeMs || (found && asked.atMs >= found.atMs)) continue
      if ((this.#askers[asked.block] ?? 0) >= mostAskers || this.#isAsked(source, asked.block))
        continue
      found = asked
    }
    return found
  }

  #isAsked(source: Source, block: number): boolean {
    for (const asked of this.asked)
      if (asked.source === source && asked.block === block) return true
    return false
  }

  /** Notes a request. */
  ask(source: Source, block: number, atMs: number): Asked {
    const asked = { download: this, source, block, atMs, released: false, cancelled: false }
    this.asked.add(asked)
    this.#askers[block] = (this.#askers[block] ?? 0) + 1
    this.#states[block] = ASKED
    return asked
  }

  /** A request failed or is given up. */
  release(asked: Asked): void {
    if (asked.released) return
    asked.released = true
    this.asked.delete(asked)
    const askers = (this.#askers[asked.block] ?? 1) - 1
    this.#askers[asked.block] = askers
    if (askers > 0 || this.#states[asked.block] !== ASKED) return
    this.#states[asked.block] = MISSING
    this.#missingFrom = Math.min(this.#missingFrom, asked.block)
  }

  /**
   * A block came. Returns the other requests for it that are still out, or undefined when it was
   * here already.
   */
  put(asked: Asked, bytes: Uint8Array): Asked[] | undefined {
    this.release(asked)
    const { block, source } = asked
    if (this.#states[block] === HERE) return undefined
    this.bytes.set(bytes, block * BLOCK_BYTES)
    this.#states[block] = HERE
    this.givers[block] = source
    this.#left -= 1
    if ((this.#askers[block] ?? 0) === 0) return []
    return [...this.asked].filter((other) => other.block === block)
  }

  /** The sources that gave any of it. */
  suppliers(): Set<Source> {
    return new Set(this.givers.filter((giver) => giver !== undefined))
  }
}
