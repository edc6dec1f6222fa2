/**
 * Typed readers for the keys of one decoded message: right type, right length, or `BAD_MESSAGE`.
 * @module
 */
import type { Dict, Value } from '../../src/core/bencode.ts'
import { LntError } from '../../src/core/errors.ts'
import { HASH_BYTES, MAX_U32 } from './limits.ts'

/** Smallest and largest value, both allowed. */
export interface Bounds {
  readonly min: number
  readonly max: number
}

/** Every u32. */
export const U32: Bounds = { min: 0, max: MAX_U32 }

/** Every unsigned integer that the wire carries: below 2^53. */
export const UNSIGNED: Bounds = { min: 0, max: Number.MAX_SAFE_INTEGER }

/** From 1 on: prices. */
export const POSITIVE: Bounds = { min: 1, max: Number.MAX_SAFE_INTEGER }

/** The one error of the codec, naming the key or rule that was broken. */
export function malformed(why: string): LntError {
  return new LntError({ code: 'BAD_MESSAGE', why })
}

/** An integer within bounds. @throws {@link LntError} `BAD_MESSAGE` */
export function readInteger(dict: Dict, key: string, { min, max }: Bounds): number {
  const value = dict.get(key)
  if (typeof value !== 'number' || value < min || value > max) throw malformed(key)
  return value
}

/** A byte string of exactly `length`. @throws {@link LntError} `BAD_MESSAGE` */
export function readBytes(dict: Dict, key: string, length: number): Uint8Array {
  const value = readString(dict, key)
  if (value.length !== length) throw malformed(key)
  return value
}

/** A Merkle path: between `min` and `max` hashes. @throws {@link LntError} `BAD_MESSAGE` */
export function readPath(dict: Dict, key: string, { min, max }: Bounds): Uint8Array {
  const value = readString(dict, key)
  const hashes = value.length / HASH_BYTES
  if (!Number.isInteger(hashes) || hashes < min || hashes > max) throw malformed(key)
  return value
}

/** Printable ASCII (0x20 … 0x7e) of a bounded length. @throws {@link LntError} `BAD_MESSAGE` */
export function readText(dict: Dict, key: string, { min, max }: Bounds): string {
  const value = readString(dict, key)
  if (value.length < min || value.length > max) throw malformed(key)
  if (value.some((byte) => byte < 0x20 || byte > 0x7e)) throw malformed(key)
  return new TextDecoder().decode(value)
}

/** A strictly ascending list of integers. @throws {@link LntError} `BAD_MESSAGE` */
export function readAscending(dict: Dict, key: string, most: number, bounds: Bounds): number[] {
  const value = dict.get(key)
  if (!isList(value) || value.length > most) throw malformed(key)
  let last = bounds.min - 1
  return value.map((item) => {
    if (typeof item !== 'number' || item <= last || item > bounds.max) throw malformed(key)
    last = item
    return item
  })
}

/** Refuses keys that the message's condition rules out. @throws {@link LntError} `BAD_MESSAGE` */
export function refuseKeys(dict: Dict, ...keys: readonly string[]): void {
  for (const key of keys) if (dict.has(key)) throw malformed(`${key} has no place here`)
}

function readString(dict: Dict, key: string): Uint8Array {
  const value = dict.get(key)
  if (!(value instanceof Uint8Array)) throw malformed(key)
  return value
}

function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value)
}
