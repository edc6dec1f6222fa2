/**
 * The 5-bit words that an invoice is made of: to and from bytes and numbers (BOLT 11, Data Part).
 * @module
 */
import { bech32 } from '@scure/base'
import { LntError } from '../core/errors.ts'

/** More words than any number that we can use has: 10 words are 50 bits. */
const MAX_NUMBER_WORDS = 10

/** Words of bytes, the last one padded with zero bits. */
export function wordsOf(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bech32.toWords(bytes))
}

/**
 * Bytes of words. At most 4 bits may be left over, and they must be zero.
 * @throws {@link LntError} `BAD_INVOICE`
 */
export function bytesOf(words: Uint8Array, what: string): Uint8Array {
  try {
    return bech32.fromWords([...words])
  } catch (cause) {
    throw new LntError({ code: 'BAD_INVOICE', why: `padding of ${what}` }, { cause })
  }
}

/** Bytes of words, filled up with zero bits to a whole byte: what an invoice's signature is over. */
export function paddedBytesOf(words: Uint8Array): Uint8Array {
  const oddBits = (5 * words.length) % 8
  const filled = new Uint8Array(words.length + (oddBits === 0 ? 0 : Math.ceil((8 - oddBits) / 5)))
  filled.set(words)
  return bech32.fromWords([...filled])
}

/**
 * Number in big-endian words, in its shortest form: a leading zero word is refused.
 * @throws {@link LntError} `BAD_INVOICE`
 */
export function numberOf(words: Uint8Array, what: string): number {
  if (words.length > MAX_NUMBER_WORDS || (words.length > 1 && words[0] === 0))
    throw new LntError({ code: 'BAD_INVOICE', why: `length of ${what}` })
  return words.reduce((sum, word) => sum * 32 + word, 0)
}

/** Big-endian words of a non-negative integer, as few as possible, or exactly `length`. */
export function numberWords(value: number, length = 1): Uint8Array {
  const words: number[] = []
  for (let rest = value; rest > 0 || words.length < length; rest = Math.floor(rest / 32))
    words.unshift(rest % 32)
  return Uint8Array.from(words)
}

/**
 * Numbers of the bits that are set, ascending; bit 0 is the lowest of the last word.
 * @throws {@link LntError} `BAD_INVOICE` for a leading zero word
 */
export function bitsOf(words: Uint8Array): number[] {
  if (words[0] === 0) throw new LntError({ code: 'BAD_INVOICE', why: 'length of features' })
  return [...words]
    .reverse()
    .flatMap((word, at) =>
      [0, 1, 2, 3, 4].filter((bit) => (word >> bit) & 1).map((bit) => 5 * at + bit),
    )
}

/** Words of a set of bits, as few as possible. */
export function bitWords(bits: readonly number[]): Uint8Array {
  const length = bits.length === 0 ? 0 : Math.floor(Math.max(...bits) / 5) + 1
  const words = new Uint8Array(length)
  for (const bit of bits) {
    const at = length - 1 - Math.floor(bit / 5)
    words[at] = (words[at] ?? 0) | (1 << (bit % 5))
  }
  return words
}
