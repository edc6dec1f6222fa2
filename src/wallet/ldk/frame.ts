/**
 * How the journal of a node is written: frames, each of them one commit, whole or not there at all.
 *
 *     frame := u32 length of body | SHA-256(body)[0..16] | body
 *     body  := entry*        entry := u8 kind | u16 key length | key | u32 length | bytes
 * @module
 */
import { createHash } from 'node:crypto'
import { concat, equal, u8, u32 } from '../../core/bytes.ts'
import { LntError } from '../../core/errors.ts'

/** What an entry holds, by its byte on disk. */
export const KIND = {
  /** LDK's ChannelManager, whole. */
  manager: 1,
  /** A ChannelMonitor, whole; its earlier updates no longer count. Key: funding outpoint, hex. */
  monitor: 2,
  /** A ChannelMonitorUpdate. Key: funding outpoint, hex. */
  update: 3,
  /** The monitor is done with for ever. */
  archived: 4,
  /** A record of ours (hold, payment, ...), UTF-8. */
  record: 5,
  /** A record of ours is no more. */
  erased: 6,
} as const

/** One of {@link KIND}. */
export type Kind = (typeof KIND)[keyof typeof KIND]

/** One change of a node's state. */
export interface Entry {
  readonly kind: Kind
  /** At most 65,535 bytes; empty for the manager. */
  readonly key: string
  readonly bytes: Uint8Array
}

const HEAD_BYTES = 20
const KINDS: readonly number[] = Object.values(KIND)

/** One frame out of the entries of one commit. */
export function encodeFrame(entries: readonly Entry[]): Uint8Array {
  const body = concat(...entries.flatMap(encodeEntry))
  return concat(u32(body.length), digest(body), body)
}

function encodeEntry({ kind, key, bytes }: Entry): Uint8Array[] {
  const name = Buffer.from(key)
  return [u8(kind), u32(name.length).subarray(2), name, u32(bytes.length), bytes]
}

/** What a file of frames holds. */
export interface Frames {
  readonly entries: readonly Entry[]
  /** Bytes of whole frames. What follows them was never committed: a write that a crash cut short. */
  readonly wholeBytes: number
}

/**
 * Reads frames up to the end, or up to one that a crash cut short.
 * @throws LntError `BAD_JOURNAL` when a frame is damaged that others follow
 */
export function decodeFrames(file: Uint8Array): Frames {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const entries: Entry[] = []
  let at = 0
  while (at + HEAD_BYTES < file.length) {
    const end = at + HEAD_BYTES + view.getUint32(at)
    const body = file.subarray(at + HEAD_BYTES, end)
    const isWhole =
      end <= file.length && equal(file.subarray(at + 4, at + HEAD_BYTES), digest(body))
    // A tail of zeros is what a file system may leave of a write that was never synced.
    if (!isWhole && (end >= file.length || body.length === 0)) break
    if (!isWhole) throw damaged(`frame at byte ${at}`)
    entries.push(...decodeBody(body))
    at = end
  }
  return { entries, wholeBytes: at }
}

function decodeBody(body: Uint8Array): Entry[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const entries: Entry[] = []
  for (let at = 0; at < body.length; ) {
    const key = at + 3 + view.getUint16(at + 1)
    const end = key + 4 + view.getUint32(key)
    entries.push({
      kind: kindOf(view.getUint8(at)),
      key: Buffer.from(body.subarray(at + 3, key)).toString(),
      bytes: body.subarray(key + 4, end),
    })
    at = end
  }
  return entries
}

function kindOf(byte: number): Kind {
  if (isKind(byte)) return byte
  throw damaged(`entry of kind ${byte}`)
}

function isKind(byte: number): byte is Kind {
  return KINDS.includes(byte)
}

function digest(body: Uint8Array): Uint8Array {
  return createHash('sha256')
    .update(body)
    .digest()
    .subarray(0, HEAD_BYTES - 4)
}

function damaged(why: string): LntError {
  return new LntError({ code: 'BAD_JOURNAL', why: `wallet: ${why}` })
}
