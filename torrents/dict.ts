/**
 * Fields of a torrent's dictionaries, each read with its type and limits (BEP 3).
 * @module
 */
import { type Dict, read } from '../src/core/bencode.ts'
import { LntError } from '../src/core/errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The dictionary that fills `bytes`, in its only canonical spelling.
 * @throws {@link LntError} `BAD_TORRENT`
 */
export function readDict(bytes: Uint8Array): Dict {
  try {
    const value = read(bytes)
    if (value instanceof Map) return value
  } catch (cause) {
    throw badTorrent('not canonical bencode', cause)
  }
  throw badTorrent('not a dictionary')
}

/**
 * An integer from least to most.
 * @throws {@link LntError} `BAD_TORRENT`
 */
export function readInteger(dict: Dict, key: string, least: number, most: number): number {
  const value = dict.get(key)
  if (typeof value !== 'number' || value < least || value > most) throw badTorrent(key)
  return value
}

/**
 * A byte string, of `length` bytes when given.
 * @throws {@link LntError} `BAD_TORRENT`
 */
export function readBytes(dict: Dict, key: string, length?: number): Uint8Array {
  const value = dict.get(key)
  if (!(value instanceof Uint8Array)) throw badTorrent(key)
  if (length !== undefined && value.length !== length) throw badTorrent(key)
  return value
}

/**
 * Text of a byte string.
 * @throws {@link LntError} `BAD_TORRENT` when it is none, or not UTF-8
 */
export function readText(value: unknown): string {
  if (!(value instanceof Uint8Array)) throw badTorrent('not a text')
  try {
    return utf8.decode(value)
  } catch (cause) {
    throw badTorrent('not UTF-8', cause)
  }
}

/** A refused torrent. */
export function badTorrent(why: string, cause?: unknown): LntError {
  return new LntError({ code: 'BAD_TORRENT', why }, { cause })
}
