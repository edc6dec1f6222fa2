/**
 * The tagged fields of an invoice (BOLT 11, Tagged Fields), stricter than BOLT 11 where parsers disagree
 * (docs/protocol.md §7).
 * @module
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { LntError } from '../core/errors.ts'
import { bitsOf, bytesOf, numberOf } from './invoice-words.ts'

/** One hop of a private route towards the payee. */
export interface RouteHint {
  /** Node at the start of the channel, 33 bytes. */
  readonly node: Uint8Array
  /** Short channel id. */
  readonly channelId: bigint
  readonly feeBaseMsat: number
  readonly feePpm: number
  readonly cltvDelta: number
}

/** What the tagged fields say, defaults filled in. */
export interface Fields {
  /** Payment hash, 32 bytes (`p`). */
  readonly hash: Uint8Array
  /** 32 bytes (`h`). */
  readonly descriptionHash: Uint8Array
  /** 32 bytes (`s`). */
  readonly paymentSecret: Uint8Array
  /** Payee as the invoice states it, 33 bytes (`n`). */
  readonly statedPayee?: Uint8Array
  /** Blocks that the final HTLC must have left (`c`). */
  readonly cltvDelta: number
  /** How long it is valid, in seconds (`x`). */
  readonly validSeconds: number
  /** Numbers of the feature bits that are set, ascending (`9`). */
  readonly featureBits: readonly number[]
  /** Each route is one or more hops, in order (`r`). */
  readonly routeHints: readonly (readonly RouteHint[])[]
}

/** Field types by letter. Others (`f`, `m`, `t`, …) are skipped, as BOLT 11 says. */
const TYPES = { p: 1, r: 3, 9: 5, x: 6, d: 13, s: 16, n: 19, h: 23, c: 24 } as const

/** Types that must not be repeated: parsers disagree whether the first or the last one counts. */
const SINGLE: ReadonlySet<number> = new Set(Object.values(TYPES).filter((type) => type !== TYPES.r))

/** Even bits that we know (BOLT 9): var_onion_optin, payment_secret, basic_mpp, option_payment_metadata. */
const KNOWN_EVEN: ReadonlySet<number> = new Set([8, 14, 16, 48])

/** lnd's AMP bits: such an invoice is never paid, also where they are optional (docs/protocol.md §7). */
const AMP: ReadonlySet<number> = new Set([30, 31])

/** BOLT 11's value where there is no `c`. */
const DEFAULT_CLTV_DELTA = 18
/** BOLT 11's value where there is no `x`. */
const DEFAULT_VALID_SECONDS = 3600
const HOP_BYTES = 51

/**
 * Reads the words between timestamp and signature.
 * @throws {@link LntError} `BAD_INVOICE`
 */
export function readFields(words: Uint8Array): Fields {
  const { single, routes } = split(words)
  if (single.has(TYPES.d)) throw bad(single.has(TYPES.h) ? 'both d and h' : 'd instead of h')
  const cltv = single.get(TYPES.c)
  const valid = single.get(TYPES.x)
  const payee = single.get(TYPES.n)
  return {
    hash: fixed(single.get(TYPES.p), 52, 'p'),
    descriptionHash: fixed(single.get(TYPES.h), 52, 'h'),
    paymentSecret: fixed(single.get(TYPES.s), 52, 's'),
    ...(payee && { statedPayee: readKey(fixed(payee, 53, 'n'), 'n') }),
    cltvDelta: cltv ? numberOf(cltv, 'c') : DEFAULT_CLTV_DELTA,
    validSeconds: valid ? numberOf(valid, 'x') : DEFAULT_VALID_SECONDS,
    featureBits: readFeatures(single.get(TYPES[9])),
    routeHints: routes.map(readRoute),
  }
}

interface Split {
  readonly single: ReadonlyMap<number, Uint8Array>
  readonly routes: readonly Uint8Array[]
}

/** Cuts the words into fields: type, length in two words, data. */
function split(words: Uint8Array): Split {
  const single = new Map<number, Uint8Array>()
  const routes: Uint8Array[] = []
  for (let at = 0; at < words.length; ) {
    const [type = 0, high = 0, low = 0] = words.subarray(at, at + 3)
    const end = at + 3 + 32 * high + low
    if (end > words.length) throw bad('field past the end')
    const data = words.subarray(at + 3, end)
    if (type === TYPES.r) routes.push(data)
    else if (single.has(type) && SINGLE.has(type)) throw bad(`field ${letterOf(type)} repeated`)
    else single.set(type, data)
    at = end
  }
  return { single, routes }
}

function fixed(words: Uint8Array | undefined, length: number, letter: string): Uint8Array {
  if (words === undefined) throw bad(`no ${letter}`)
  // BOLT 11 would skip it; a parser that does not would read another invoice than ours.
  if (words.length !== length) throw bad(`length of ${letter}`)
  return bytesOf(words, letter)
}

function readKey(bytes: Uint8Array, what: string): Uint8Array {
  if (!secp256k1.utils.isValidPublicKey(bytes, true)) throw bad(`${what} is not a public key`)
  return bytes
}

function readFeatures(words: Uint8Array | undefined): number[] {
  const bits = words ? bitsOf(words) : []
  for (const bit of bits) {
    if (AMP.has(bit)) throw bad('AMP')
    if (bit % 2 === 0 && !KNOWN_EVEN.has(bit)) throw bad(`unknown feature ${bit}`)
  }
  return bits
}

function readRoute(words: Uint8Array): RouteHint[] {
  const bytes = bytesOf(words, 'r')
  if (bytes.length === 0 || bytes.length % HOP_BYTES !== 0) throw bad('length of r')
  return Array.from({ length: bytes.length / HOP_BYTES }, (_, hop) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + hop * HOP_BYTES, HOP_BYTES)
    return {
      node: readKey(bytes.slice(hop * HOP_BYTES, hop * HOP_BYTES + 33), 'a hop of r'),
      channelId: view.getBigUint64(33),
      feeBaseMsat: view.getUint32(41),
      feePpm: view.getUint32(45),
      cltvDelta: view.getUint16(49),
    }
  })
}

function letterOf(type: number): string {
  return Object.entries(TYPES).find(([, number]) => number === type)?.[0] ?? String(type)
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_INVOICE', why })
}
