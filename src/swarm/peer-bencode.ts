/**
 * Bencode as peers really write it (BEP 3, BEP 10): bounded and type-safe, but any key order.
 * core/bencode.ts is the reader for our own messages; foreign clients' extended handshakes and PEX
 * are not always canonical, and refusing them would cut honest peers off.
 * @module
 */
import { LntError } from '../core/errors.ts'

/** Deepest nesting accepted; an extended handshake has 2. */
export const MAX_PEER_DEPTH = 6
/** Most values accepted in one message; a handshake with every known key has about 40. */
export const MAX_PEER_VALUES = 2048

/** A value from a peer. Keys are one character a byte. */
export type PeerValue = number | Uint8Array | readonly PeerValue[] | PeerDict
/** A dictionary from a peer; of equal keys the last counts. */
export type PeerDict = ReadonlyMap<string, PeerValue>

/**
 * Reads the dictionary at the start of `bytes` and tells where it ends.
 * @throws {@link LntError} `BAD_MESSAGE`, and nothing else, whatever the bytes
 */
export function readPeerDict(bytes: Uint8Array): { dict: PeerDict; end: number } {
  const reader = new Reader(bytes)
  const value = reader.value(0)
  if (!isDict(value)) throw bad('not a dictionary')
  return { dict: value, end: reader.at }
}

/** Whether a value is a dictionary. */
export function isDict(value: PeerValue | undefined): value is PeerDict {
  return value instanceof Map
}

class Reader {
  at = 0
  values = 0
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  value(depth: number): PeerValue {
    if (depth > MAX_PEER_DEPTH) throw bad('nested too deep')
    if (++this.values > MAX_PEER_VALUES) throw bad('too many values')
    switch (this.bytes[this.at]) {
      case 0x69: // i
        this.at += 1
        return this.integer(0x65)
      case 0x6c: // l
        return this.list(depth)
      case 0x64: // d
        return this.dict(depth)
      default:
        return this.string()
    }
  }

  private list(depth: number): PeerValue[] {
    const items: PeerValue[] = []
    for (this.at += 1; !this.ends(); ) items.push(this.value(depth + 1))
    return items
  }

  private dict(depth: number): PeerDict {
    const entries = new Map<string, PeerValue>()
    for (this.at += 1; !this.ends(); ) {
      const key = this.string()
      if (key.length > 64) throw bad('key')
      const name = String.fromCharCode(...key)
      // Stock code puts keys into plain objects: this one would set their prototype.
      if (name === '__proto__') throw bad('key')
      entries.set(name, this.value(depth + 1))
    }
    return entries
  }

  private ends(): boolean {
    if (this.at >= this.bytes.length) throw bad('cut short')
    if (this.bytes[this.at] !== 0x65) return false
    this.at += 1
    return true
  }

  private string(): Uint8Array {
    const length = this.integer(0x3a)
    if (length < 0 || length > this.bytes.length - this.at) throw bad('string length')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  private integer(close: number): number {
    const window = this.bytes.subarray(this.at, this.at + 18)
    const found = window.indexOf(close)
    const text = String.fromCharCode(...window.subarray(0, Math.max(0, found)))
    const number = Number(text)
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(number)) throw bad('integer')
    this.at += found + 1
    return number
  }
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_MESSAGE', why })
}
