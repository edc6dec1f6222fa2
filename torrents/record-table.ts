/**
 * All records of a torrent, as its publisher has them: rows, root and every proof (docs/protocol.md §5).
 * @module
 */
import MerkleGenerator from 'merkle-tree-stream/generator.js'
import { depthOf, exists } from '../src/core/geometry.ts'
import type { RecordProof } from '../src/core/purchase.ts'
import { HASH_BYTES } from './merkle.ts'
import { isRun, RECORD_BYTES, recordInner, recordLeaf, recordOf } from './record.ts'

/** An aligned run of rows with its path, as the wire carries it. */
export interface RecordRun {
  /** 96 · 2^level bytes. */
  readonly rows: Uint8Array
  /** 32 · (d + 1 − level) bytes. */
  readonly rpath: Uint8Array
}

/** Whatever can prove records: a publisher's table, a buyer's book. */
export interface Records {
  /** The proven record of a span; undefined when it is not known or the span does not exist. */
  get(span: number): RecordProof | undefined
  /** The rows `level` levels below a span; undefined when one is not known, or there is no such run. */
  run(span: number, level: number): RecordRun | undefined
}

/** The whole record tree. */
export interface RecordTable extends Records {
  /** 32 bytes. */
  readonly root: Uint8Array
  /** 96 · 2^(d+1) bytes. */
  readonly rows: Uint8Array
}

/** Length of a torrent's rows in bytes: one for each leaf of the record tree. */
export function rowsBytes(pieces: number): number {
  return RECORD_BYTES * 2 ** (depthOf(pieces) + 1)
}

/**
 * Builds the record tree.
 * @param rows - 96 · 2^(d+1) bytes, zeros where a span does not exist; kept, not copied
 */
export function recordTable(rows: Uint8Array, pieces: number): RecordTable {
  if (rows.length !== rowsBytes(pieces)) throw new RangeError('records: length of the rows')
  const height = depthOf(pieces) + 1
  const nodes = treeOf(rows, pieces, height)
  const nodeAt = (node: number): Uint8Array =>
    nodes.subarray(HASH_BYTES * node, HASH_BYTES * (node + 1))
  const run = (span: number, level: number): RecordRun | undefined => {
    if (!isRun(pieces, span, level)) return undefined
    const first = span * 2 ** level
    return {
      rows: rows.subarray(RECORD_BYTES * first, RECORD_BYTES * (first + 2 ** level)),
      rpath: pathOf(2 ** (height - level) + span, nodeAt),
    }
  }
  const get = (span: number): RecordProof | undefined => {
    const found = exists(pieces, span) ? run(span, 0) : undefined
    return found && recordOf(found.rows, found.rpath)
  }
  return { root: nodeAt(1), rows, get, run }
}

/** Sibling hashes of a node bottom-up, from a heap of nodes. */
export function pathOf(node: number, nodeAt: (node: number) => Uint8Array): Uint8Array {
  const levels = 31 - Math.clz32(node)
  const path = new Uint8Array(HASH_BYTES * levels)
  for (let up = 0; up < levels; up++) path.set(nodeAt((node >>> up) ^ 1), HASH_BYTES * up)
  return path
}

/** Nodes of the record tree as a heap: root at 1, leaf v at 2^height + v. */
function treeOf(rows: Uint8Array, pieces: number, height: number): Uint8Array {
  const nodes = new Uint8Array(HASH_BYTES * 2 ** (height + 1))
  const generator = new MerkleGenerator({
    leaf: ({ index, data }) => recordLeaf(pieces, index / 2, data ?? new Uint8Array()),
    parent: (left, right) => recordInner(left.hash, right.hash),
  })
  for (let span = 0; span < 2 ** height; span++) {
    const row = Buffer.from(rows.buffer, rows.byteOffset + RECORD_BYTES * span, RECORD_BYTES)
    for (const { index, hash } of generator.next(row))
      nodes.set(hash, HASH_BYTES * heapOf(index, height))
  }
  return nodes
}

/** Heap number of a flat-tree index: its trailing ones are its height, what stands before them its offset. */
function heapOf(index: number, height: number): number {
  const up = 31 - Math.clz32(~index & (index + 1))
  return 2 ** (height - up) + Math.floor(index / 2 ** (up + 1))
}
