/**
 * The one strict bencode reader (BEP 3): for everything that comes from outside.
 * The npm `bencode` only writes here: its reader never returns on `l-3:` and takes many spellings of one value.
 * @module
 */
import { LntError } from './errors.ts'

/** Deepest nesting accepted. Our messages need 3, an extended handshake 4. */
export const MAX_DEPTH = 8

/** Longest dictionary key accepted, in bytes. The longest that we use has 13. */
export const MAX_KEY_BYTES = 256

/** Longest integer or string length with its delimiters: `i-9007199254740991e`. */
const MAX_INTEGER_BYTES = 19

/** A bencoded value. Dictionary keys are ASCII, strictly ascending. */
export type Value = number | Uint8Array | readonly Value[] | Dict
/** A bencoded dictionary. */
export type Dict = ReadonlyMap<string, Value>

/**
 * Reads exactly one value that fills `bytes`, in its only canonical spelling.
 * @throws {@link LntError} `BAD_MESSAGE`, and nothing else, whatever the bytes
 */
export function read(bytes: Uint8Array): Value {
  const reader = new Reader(bytes)
  const value = reader.value(0)
  if (reader.at !== bytes.length) throw bad('bytes after the end')
  return value
}

class Reader {
  at = 0
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  value(depth: number): Value {
    if (depth > MAX_DEPTH) throw bad('nested too deep')
    switch (this.bytes[this.at]) {
      case 0x69: // i
        return this.integer('i', 'e')
      case 0x6c: // l
        return this.list(depth)
      case 0x64: // d
        return this.dict(depth)
      default:
        return this.string()
    }
  }

  private list(depth: number): Value[] {
    const items: Value[] = []
    for (this.at += 1; !this.ends(); ) items.push(this.value(depth + 1))
    return items
  }

  private dict(depth: number): Dict {
    const entries = new Map<string, Value>()
    let last = ''
    for (this.at += 1; !this.ends(); ) {
      const key = this.key()
      if (entries.size > 0 && key <= last) throw bad('keys out of order')
      entries.set(key, this.value(depth + 1))
      last = key
    }
    return entries
  }

  private key(): string {
    const bytes = this.string()
    if (bytes.length > MAX_KEY_BYTES || bytes.some((byte) => byte > 0x7f)) throw bad('key')
    return String.fromCharCode(...bytes)
  }

  private ends(): boolean {
    if (this.at >= this.bytes.length) throw bad('cut short')
    if (this.bytes[this.at] !== 0x65) return false
    this.at += 1
    return true
  }

  private string(): Uint8Array {
    const length = this.integer('', ':')
    if (length < 0 || length > this.bytes.length - this.at) throw bad('string length')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** Digits between `open` and `close`: no leading zero, no -0, within ±(2^53 - 1). */
  private integer(open: string, close: string): number {
    // A window, not the rest: an indexOf over a long message for each bad byte would be quadratic.
    const window = this.bytes.subarray(this.at, this.at + MAX_INTEGER_BYTES)
    const found = window.indexOf(close.charCodeAt(0))
    if (found < 0) throw bad('integer')
    const end = this.at + found
    const text = String.fromCharCode(...this.bytes.subarray(this.at + open.length, end))
    const number = Number(text)
    if (!/^(0|-?[1-9]\d*)$/.test(text) || !Number.isSafeInteger(number)) throw bad('integer')
    this.at = end + 1
    return number
  }
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_MESSAGE', why })
}
