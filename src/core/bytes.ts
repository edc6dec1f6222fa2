/**
 * Byte strings: joining, comparing, big-endian integers (docs/protocol.md §1), hex for screens and JSON.
 * @module
 */
import { LntError } from './errors.ts'

/** Joins byte strings. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Whether two byte strings are equal. Not constant-time: for public values and values we made. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Bytewise exclusive or of two byte strings of one length. */
export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length !== b.length) throw new RangeError('xor: lengths differ')
  return a.map((byte, i) => byte ^ (b[i] ?? 0))
}

/** One byte. */
export function u8(value: number): Uint8Array {
  return Uint8Array.of(value)
}

/** 32-bit big-endian, 0 … 2^32 − 1. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** 64-bit big-endian of a non-negative integer below 2^53, or a bigint below 2^64. */
export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/**
 * Bytes of a hex text, either case.
 * @throws {@link LntError} `BAD_INPUT` when it is not hex, or not `length` bytes long
 */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text) || (length !== undefined && text.length !== 2 * length))
    throw new LntError({ code: 'BAD_INPUT', what: `not ${length ?? 'whole'} bytes of hex` })
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  )
}

/** 32 zero bytes: 0^32 of docs/protocol.md §1. */
export const ZERO_32: Uint8Array = new Uint8Array(32)
