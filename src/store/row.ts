/**
 * Rows of the store, read strictly and sealed with a checksum: SQLite notices a broken page, not a flipped bit in a value.
 * @module
 */
import { hash } from 'node:crypto'
import { equal } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Cell, Row } from './database.ts'

/** Where rows are laid out before they are hashed; grows with the largest. A buffer for each is half of the time. */
let scratch: Buffer = Buffer.alloc(4_096)

/**
 * SHA-256 over a table's name and a row's values in order, each with its kind and length.
 * @returns 32 bytes
 */
export function checksum(table: string, cells: readonly Cell[]): Uint8Array {
  let at = layText(0, NAME, table)
  for (const cell of cells) {
    if (cell === null) at = layBytes(at, NULL, EMPTY)
    else if (typeof cell === 'string') at = layText(at, TEXT, cell)
    else if (typeof cell === 'number' || typeof cell === 'bigint')
      at = layText(at, INTEGER, cell.toString())
    else at = layBytes(at, BLOB, new Uint8Array(cell.buffer, cell.byteOffset, cell.byteLength))
  }
  return hash('sha256', scratch.subarray(0, at), 'buffer')
}

const [NAME, NULL, TEXT, INTEGER, BLOB] = [0, 1, 2, 3, 4] as const
const EMPTY = new Uint8Array()
/** Kind, one byte, and length, four. */
const HEAD_BYTES = 5

function layBytes(at: number, kind: number, bytes: Uint8Array): number {
  reserve(at + HEAD_BYTES + bytes.length)
  scratch.set(bytes, at + HEAD_BYTES)
  return layHead(at, kind, bytes.length)
}

function layText(at: number, kind: number, text: string): number {
  // UTF-8 takes at most three bytes a UTF-16 unit.
  reserve(at + HEAD_BYTES + 3 * text.length)
  return layHead(at, kind, scratch.write(text, at + HEAD_BYTES))
}

function layHead(at: number, kind: number, length: number): number {
  scratch[at] = kind
  scratch.writeUInt32BE(length, at + 1)
  return at + HEAD_BYTES + length
}

function reserve(length: number): void {
  if (length <= scratch.length) return
  const larger = Buffer.alloc(2 * length)
  larger.set(scratch)
  scratch = larger
}

/** Reads one row's columns, each exactly as it was written. Everything else is `BAD_JOURNAL`. */
export class Reader {
  private readonly table: string
  private readonly row: Row

  /**
   * @param columns - the columns under the row's checksum `sum`, in order
   * @param before - what the checksum covers before them
   * @throws {@link LntError} `BAD_JOURNAL` when the row is not what was written
   */
  constructor(table: string, row: Row, columns: readonly string[], before: readonly Cell[] = []) {
    this.table = table
    this.row = row
    const cells = [...before, ...columns.map((column) => this.cell(column))]
    if (!equal(this.bytes('sum', 32), checksum(table, cells))) throw this.bad('sum')
  }

  /** A byte string, of `length` bytes when given. */
  bytes(column: string, length?: number): Uint8Array {
    const value = this.row[column]
    if (!(value instanceof Uint8Array)) throw this.bad(column)
    if (length !== undefined && value.length !== length) throw this.bad(column)
    return new Uint8Array(value)
  }

  text(column: string): string {
    const value = this.row[column]
    if (typeof value !== 'string') throw this.bad(column)
    return value
  }

  /** An amount in msat, ≥ 0. */
  msat(column: string): bigint {
    const value = this.row[column]
    if (typeof value !== 'bigint' || value < 0n) throw this.bad(column)
    return value
  }

  /** An integer 0 … 2^53 − 1. */
  integer(column: string): number {
    const value = Number(this.msat(column))
    if (!Number.isSafeInteger(value)) throw this.bad(column)
    return value
  }

  /** One word of a closed list. */
  word<W extends string | number>(column: string, words: readonly W[]): W {
    const value = this.row[column]
    const plain = typeof value === 'bigint' ? Number(value) : value
    const word = words.find((one) => one === plain)
    if (word === undefined) throw this.bad(column)
    return word
  }

  isNull(column: string): boolean {
    return this.cell(column) === null
  }

  /** What to throw when a column's value makes no sense. */
  bad(column: string): LntError {
    return new LntError({
      code: 'BAD_JOURNAL',
      why: `${this.table}.${column} is not what was written`,
    })
  }

  private cell(column: string): Cell {
    const value = this.row[column]
    if (value === undefined) throw this.bad(column)
    return value
  }
}
