/**
 * One record: the Merkle leaf that binds a span's key, plaintext and coupons to the root (docs/protocol.md §5).
 * @module
 */
import { equal, u32, ZERO_32 } from '../src/core/bytes.ts'
import { LntError } from '../src/core/errors.ts'
import { depthOf, exists, isLeaf, levelOf } from '../src/core/geometry.ts'
import type { RecordProof } from '../src/core/purchase.ts'
import { T } from './hash.ts'
import { foldPath, HASH_BYTES } from './merkle.ts'

/** Length of a row kc ‖ pt ‖ cv, in bytes. */
export const RECORD_BYTES = 96

/** Most levels that one message of rows goes down: 512 rows are 48 KiB (docs/protocol.md §8). */
export const MAX_RUN_LEVEL = 9

/** What a verifier knows of a torrent: number of pieces and root of the record tree. */
export interface RecordRoot {
  readonly pieces: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** Inner node of the record tree. */
export function recordInner(left: Uint8Array, right: Uint8Array): Uint8Array {
  return T('lnt1/rin', left, right)
}

/** Leaf of the record tree from a row of 96 bytes; zeros where the span does not exist. */
export function recordLeaf(pieces: number, span: number, row: Uint8Array): Uint8Array {
  return exists(pieces, span) ? T('lnt1/rec', u32(span), row) : ZERO_32
}

/** Row kc ‖ pt ‖ cv of a record, 96 bytes. */
export function rowOf({ kc, pt, cv }: Omit<RecordProof, 'rpath'>): Uint8Array {
  const row = new Uint8Array(RECORD_BYTES)
  for (const [i, part] of [kc, pt, cv].entries()) row.set(part, HASH_BYTES * i)
  return row
}

/** The record that a row and a path make. The parts are views of `row`. */
export function recordOf(row: Uint8Array, rpath: Uint8Array): RecordProof {
  return {
    kc: row.subarray(0, HASH_BYTES),
    pt: row.subarray(HASH_BYTES, 2 * HASH_BYTES),
    cv: row.subarray(2 * HASH_BYTES, RECORD_BYTES),
    rpath,
  }
}

/**
 * Checks the shape of a row before anything is hashed: zeros where the span does not exist, pt zero for an inner one.
 * @throws {@link LntError} `BAD_PROOF`
 */
export function checkRow(pieces: number, span: number, row: Uint8Array): void {
  if (!exists(pieces, span)) {
    if (!isZero(row)) throw badProof('a row where no span is')
  } else if (!isLeaf(pieces, span) && !isZero(row.subarray(HASH_BYTES, 2 * HASH_BYTES))) {
    throw badProof('pt of an inner span')
  }
}

/**
 * Checks that a record is in the torrent's record tree.
 * @throws {@link LntError} `BAD_PROOF`
 */
export function verifyRecord(torrent: RecordRoot, span: number, record: RecordProof): void {
  const { pieces, root } = torrent
  if (!exists(pieces, span)) throw badProof('no such span')
  for (const part of [record.kc, record.pt, record.cv])
    if (part.length !== HASH_BYTES) throw badProof('record length')
  if (record.rpath.length !== HASH_BYTES * (depthOf(pieces) + 1)) throw badProof('path length')
  const row = rowOf(record)
  checkRow(pieces, span, row)
  const leaf = recordLeaf(pieces, span, row)
  if (!equal(foldPath(leaf, span, record.rpath, recordInner), root)) throw badProof('record path')
}

/** Whether `level` levels below `span` there is a run of rows: both exist, level ≤ 9. */
export function isRun(pieces: number, span: number, level: number): boolean {
  if (!Number.isInteger(level) || level < 0 || level > MAX_RUN_LEVEL) return false
  return exists(pieces, span) && levelOf(span) + level <= depthOf(pieces)
}

/** A refused proof: what a peer sent does not fold to the torrent's root. */
export function badProof(why: string): LntError {
  return new LntError({ code: 'BAD_PROOF', why })
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}
