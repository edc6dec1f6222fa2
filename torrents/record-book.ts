/**
 * The records that a buyer knows: filled by verified runs, bounded by the torrent's own size (docs/protocol.md §5).
 * @module
 */
import { equal } from '../src/core/bytes.ts'
import { covers, depthOf, exists, levelOf } from '../src/core/geometry.ts'
import type { RecordProof } from '../src/core/purchase.ts'
import { foldPath, HASH_BYTES } from './merkle.ts'
import {
  badProof,
  checkRow,
  isRun,
  MAX_RUN_LEVEL,
  RECORD_BYTES,
  type RecordRoot,
  recordInner,
  recordLeaf,
  recordOf,
  rowOf,
  verifyRecord,
} from './record.ts'
import { pathOf, type RecordRun, type Records, rowsBytes } from './record-table.ts'

/** A run to ask for with getrecords. */
export interface RunRequest {
  readonly span: number
  /** 0 … 9. */
  readonly level: number
}

/** Verified records of one torrent. Memory: at most 160 bytes for each leaf of the record tree. */
export class RecordBook implements Records {
  readonly #torrent: RecordRoot
  readonly #height: number
  readonly #rows: Uint8Array
  readonly #known: Uint8Array
  /** Hashes of the record tree that a proof has confirmed, as a heap: leaf v at 2^height + v. */
  readonly #nodes: Uint8Array

  constructor(torrent: RecordRoot) {
    this.#torrent = torrent
    this.#height = depthOf(torrent.pieces) + 1
    this.#rows = new Uint8Array(rowsBytes(torrent.pieces))
    this.#known = new Uint8Array(2 ** this.#height)
    this.#nodes = new Uint8Array(HASH_BYTES * 2 ** (this.#height + 1))
  }

  /**
   * Takes the rows `level` levels below a span once they fold to the torrent's root.
   * @param rows - 96 · 2^level bytes
   * @param rpath - 32 · (d + 1 − level) bytes
   * @throws LntError `BAD_PROOF`; the book is then as it was
   */
  add(span: number, level: number, rows: Uint8Array, rpath: Uint8Array): void {
    const { pieces, root } = this.#torrent
    if (!isRun(pieces, span, level)) throw badProof('no such run')
    if (rows.length !== RECORD_BYTES * 2 ** level) throw badProof('length of the rows')
    if (rpath.length !== HASH_BYTES * (this.#height - level)) throw badProof('path length')
    const first = span * 2 ** level
    const rowAt = (v: number): Uint8Array =>
      rows.subarray(RECORD_BYTES * (v - first), RECORD_BYTES * (v - first + 1))
    for (let v = first; v < first + 2 ** level; v++) checkRow(pieces, v, rowAt(v))

    const confirmed = new Map<number, Uint8Array>()
    const build = (node: number): Uint8Array => {
      const hash =
        node >= 2 ** this.#height
          ? recordLeaf(pieces, node - 2 ** this.#height, rowAt(node - 2 ** this.#height))
          : recordInner(build(2 * node), build(2 * node + 1))
      confirmed.set(node, hash)
      return hash
    }
    const top = 2 ** (this.#height - level) + span
    const found = foldPath(build(top), top, rpath, recordInner, (node, hash) =>
      confirmed.set(node, hash),
    )
    if (!equal(found, root)) throw badProof('path of the run')

    for (const [node, hash] of confirmed) this.#nodes.set(hash, HASH_BYTES * node)
    this.#rows.set(rows, RECORD_BYTES * first)
    this.#known.fill(1, first, first + 2 ** level)
  }

  /**
   * Takes one record, as an offer or evidence carries it.
   * @throws LntError `BAD_PROOF`
   */
  addRecord(span: number, record: RecordProof): void {
    verifyRecord(this.#torrent, span, record)
    this.add(span, 0, rowOf(record), record.rpath)
  }

  get(span: number): RecordProof | undefined {
    if (!exists(this.#torrent.pieces, span) || this.#known[span] !== 1) return undefined
    return recordOf(this.#row(span), this.#path(span, 0))
  }

  run(span: number, level: number): RecordRun | undefined {
    if (!isRun(this.#torrent.pieces, span, level)) return undefined
    const first = span * 2 ** level
    const end = first + 2 ** level
    if (this.#known.subarray(first, end).includes(0)) return undefined
    return {
      rows: this.#rows.slice(RECORD_BYTES * first, RECORD_BYTES * end),
      rpath: this.#path(span, level),
    }
  }

  /** Whether the record of every piece under a span is known. */
  knowsPieces(span: number): boolean {
    return this.#unknownLeaves(span) === 0
  }

  /** Whether the span's own record is known. */
  knows(span: number): boolean {
    return this.#known[span] === 1
  }

  /**
   * The runs to ask for so that the span and every piece under it are known; empty when they are.
   * No run holds more than 2^9 rows.
   */
  missing(span: number): RunRequest[] {
    const { pieces } = this.#torrent
    if (!exists(pieces, span)) return []
    const height = depthOf(pieces) - levelOf(span)
    const runs: RunRequest[] = []
    if (height > 0 && this.#known[span] !== 1) runs.push({ span, level: 0 })
    this.#missingLeaves(span, height, runs)
    return runs
  }

  #missingLeaves(span: number, level: number, runs: RunRequest[]): void {
    const unknown = this.#unknownLeaves(span)
    if (unknown === 0) return
    const { count } = covers(this.#torrent.pieces, span)
    if (level <= MAX_RUN_LEVEL && (unknown === count || level === 0)) {
      runs.push({ span, level })
      return
    }
    for (const child of [2 * span, 2 * span + 1])
      if (exists(this.#torrent.pieces, child)) this.#missingLeaves(child, level - 1, runs)
  }

  #unknownLeaves(span: number): number {
    const { first, count } = covers(this.#torrent.pieces, span)
    const leaf = 2 ** (this.#height - 1) + first
    let unknown = 0
    for (let v = leaf; v < leaf + count; v++) if (this.#known[v] !== 1) unknown++
    return unknown
  }

  #row(span: number): Uint8Array {
    return this.#rows.slice(RECORD_BYTES * span, RECORD_BYTES * (span + 1))
  }

  /** Every sibling above a known row was confirmed with it. */
  #path(span: number, level: number): Uint8Array {
    return pathOf(2 ** (this.#height - level) + span, (node) =>
      this.#nodes.subarray(HASH_BYTES * node, HASH_BYTES * (node + 1)),
    )
  }
}
