/**
 * The chain on disk: one append-only file of checked records, blocks and waiting transactions.
 * A record cut short by a crash is removed at the next start; all before it was whole.
 * Record: type (1 byte), length (u32 big-endian), first 4 bytes of SHA-256 of the payload, payload.
 * @module
 */
import { hash } from 'node:crypto'
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { concat, equal, u8, u32 } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'

const HEAD_BYTES = 9
/** Read at once while reloading. */
const CHUNK_BYTES = 1 << 20
/** Far above any block (a full mempool and a coinbase): a length beyond it is damage. */
const MAX_RECORD_BYTES = 16 << 20

const TYPES = ['none', 'block', 'transaction'] as const

/** One record of the file. */
export interface FileRecord {
  readonly type: 'block' | 'transaction'
  /** Where its payload starts in the file. */
  readonly at: number
  readonly payload: Uint8Array
}

/** An open file of records. */
export class BlockFile {
  private readonly fd: number
  private readonly path: string
  private endBytes = 0

  /** Opens the file, or creates it. Call {@link load} before anything else. */
  constructor(path: string) {
    this.path = path
    this.fd = openSync(path, 'a+', 0o600)
  }

  /**
   * Yields all whole records, then removes a torn last one.
   * @throws LntError `REGTEST_FAILED` when the file is damaged before its end
   */
  *load(): Generator<FileRecord> {
    const sizeBytes = fstatSync(this.fd).size
    let window: Uint8Array = new Uint8Array()
    let windowAt = 0
    const view = (at: number, length: number): Uint8Array => {
      if (at + length > windowAt + window.length) {
        window = this.read(at, Math.min(Math.max(CHUNK_BYTES, length), sizeBytes - at))
        windowAt = at
      }
      return window.subarray(at - windowAt, at - windowAt + length)
    }
    while (this.endBytes < sizeBytes) {
      const record = readRecord(this.endBytes, sizeBytes, view)
      if (!record) break
      this.endBytes = record.at + record.payload.length
      yield record
    }
    if (this.endBytes < sizeBytes) this.repair(sizeBytes)
  }

  /**
   * Appends a record; {@link sync} makes it survive a power cut, a dying process alone does no harm.
   * @returns where its payload starts
   * @throws LntError `FILE_SYSTEM`
   */
  append(type: FileRecord['type'], payload: Uint8Array): number {
    const record = concat(u8(TYPES.indexOf(type)), u32(payload.length), checksum(payload), payload)
    try {
      for (let done = 0; done < record.length; ) done += writeSync(this.fd, record, done)
    } catch (cause) {
      // Half a record would make everything after it unreadable.
      ftruncateSync(this.fd, this.endBytes)
      throw new LntError({ code: 'FILE_SYSTEM', path: this.path, why: String(cause) }, { cause })
    }
    const at = this.endBytes + HEAD_BYTES
    this.endBytes += record.length
    return at
  }

  /** Waits until what was appended is on disk. */
  sync(): void {
    fdatasyncSync(this.fd)
  }

  /** Reads `length` bytes. */
  read(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      const count = readSync(this.fd, bytes, done, length - done, at + done)
      if (count === 0) throw this.damaged(at + done)
      done += count
    }
    return bytes
  }

  close(): void {
    closeSync(this.fd)
  }

  /** A crash tears the last record only, so that none can be read after it: else this is other damage. */
  private repair(sizeBytes: number): void {
    const restBytes = sizeBytes - this.endBytes
    if (restBytes > HEAD_BYTES + MAX_RECORD_BYTES) throw this.damaged(this.endBytes)
    const rest = this.read(this.endBytes, restBytes)
    const view = (at: number, length: number): Uint8Array => rest.subarray(at, at + length)
    for (let at = 1; at + HEAD_BYTES < restBytes; at++)
      if (readRecord(at, restBytes, view)?.payload.length) throw this.damaged(this.endBytes)
    ftruncateSync(this.fd, this.endBytes)
    fdatasyncSync(this.fd)
  }

  private damaged(at: number): LntError {
    const why = `${this.path} is damaged at byte ${at}: 'regtest reset' starts a new chain`
    return new LntError({ code: 'REGTEST_FAILED', why })
  }
}

/** The record at `at`, or undefined when it is not whole. */
function readRecord(
  at: number,
  sizeBytes: number,
  view: (at: number, length: number) => Uint8Array,
): FileRecord | undefined {
  if (sizeBytes - at < HEAD_BYTES) return undefined
  const head = view(at, HEAD_BYTES).slice()
  if (!isHead(head) || lengthOf(head) > sizeBytes - at - HEAD_BYTES) return undefined
  const payload = view(at + HEAD_BYTES, lengthOf(head)).slice()
  if (!equal(checksum(payload), head.subarray(5))) return undefined
  return { type: head[0] === 1 ? 'block' : 'transaction', at: at + HEAD_BYTES, payload }
}

function isHead(head: Uint8Array): boolean {
  const type = head[0]
  return (type === 1 || type === 2) && lengthOf(head) <= MAX_RECORD_BYTES
}

function lengthOf(head: Uint8Array): number {
  return new DataView(head.buffer, head.byteOffset).getUint32(1)
}

function checksum(payload: Uint8Array): Uint8Array {
  return hash('sha256', payload, 'buffer').subarray(0, 4)
}
