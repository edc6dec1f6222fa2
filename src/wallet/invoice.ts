/**
 * Reads an invoice (BOLT 11) as strictly as docs/protocol.md §7 asks.
 *
 * The npm decoders skip what we must refuse (repeated fields, odd lengths, AMP, high-S beside `n`), or
 * do not check the signature at all; ln-service's and LDK's are lenient each in its own way. Ours is
 * the one reading that counts, on scure's bech32 and noble's secp256k1.
 * @module
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bech32 } from '@scure/base'
import { concat, equal } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Network } from '../core/network.ts'
import { readHumanPart } from './invoice-amount.ts'
import { invoiceDigest } from './invoice-encode.ts'
import { type RouteHint, readFields } from './invoice-fields.ts'
import { bytesOf } from './invoice-words.ts'

export { encodeInvoice, type InvoiceDraft } from './invoice-encode.ts'
export type { RouteHint } from './invoice-fields.ts'

/** Longest invoice that is read, in characters (docs/protocol.md §8, `inv`). */
export const MAX_INVOICE_CHARS = 2048

/** What an invoice says. Its signature, checksum and form have been checked; its time has not. */
export interface Invoice {
  readonly network: Network
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
  /** Fixed amount, ≥ 1 msat. */
  readonly amountMsat: bigint
  /** 32 bytes. */
  readonly descriptionHash: Uint8Array
  /** Public key of the node that signed, 33 bytes. */
  readonly payee: Uint8Array
  /** 32 bytes. */
  readonly paymentSecret: Uint8Array
  /** Blocks that the final HTLC must have left. */
  readonly cltvDelta: number
  /** Unix seconds. */
  readonly createdAtSeconds: number
  /** Unix seconds; not valid any more from then on. */
  readonly expiresAtSeconds: number
  /** Numbers of the feature bits that are set, ascending. */
  readonly featureBits: readonly number[]
  /** Private routes to the payee, each of one or more hops in order. */
  readonly routeHints: readonly (readonly RouteHint[])[]
}

const TIMESTAMP_WORDS = 7
/** 65 bytes: r, s, recovery id. */
const SIGNATURE_WORDS = 104

/**
 * Reads and checks an invoice. It must be in lower case and have a fixed amount.
 * @throws {@link LntError} `BAD_INVOICE`, and nothing else, whatever the text
 */
export function parseInvoice(text: string): Invoice {
  const { human, words } = readBech32(text)
  const { network, amountMsat } = readHumanPart(human)
  const signed = words.subarray(0, -SIGNATURE_WORDS)
  const timestamp = signed.subarray(0, TIMESTAMP_WORDS)
  const { statedPayee, validSeconds, ...fields } = readFields(signed.subarray(TIMESTAMP_WORDS))
  const signature = bytesOf(words.subarray(-SIGNATURE_WORDS), 'signature')
  const payee = recoverPayee(signature, invoiceDigest(human, signed), statedPayee)
  const createdAtSeconds = timestamp.reduce((sum, word) => sum * 32 + word, 0)
  const expiresAtSeconds = createdAtSeconds + validSeconds
  return { network, amountMsat, ...fields, payee, createdAtSeconds, expiresAtSeconds }
}

function readBech32(text: string): { human: string; words: Uint8Array } {
  if (text.length > MAX_INVOICE_CHARS) throw bad('too long')
  // BIP 173 allows all upper case; one form is enough, and two forms are two invoices to a text compare.
  if (text !== text.toLowerCase()) throw bad('upper case')
  const decoded = bech32.decodeUnsafe(text, false)
  if (decoded === undefined) throw bad('not bech32, or its checksum is wrong')
  if (decoded.words.length < TIMESTAMP_WORDS + SIGNATURE_WORDS) throw bad('too short')
  return { human: decoded.prefix, words: Uint8Array.from(decoded.words) }
}

/** Recovers the payee. Beside an `n` the signature must be low-S and the key the same (BOLT 11). */
function recoverPayee(signature: Uint8Array, digest: Uint8Array, stated?: Uint8Array): Uint8Array {
  const compact = signature.subarray(0, 64)
  let payee: Uint8Array
  try {
    const recovered = concat(signature.subarray(64), compact)
    payee = secp256k1.recoverPublicKey(recovered, digest, { prehash: false })
  } catch (cause) {
    throw new LntError({ code: 'BAD_INVOICE', why: 'signature' }, { cause })
  }
  if (stated === undefined) return payee
  if (!equal(payee, stated)) throw bad('signed by another key than n')
  if (secp256k1.Signature.fromBytes(compact).hasHighS()) throw bad('high-S signature beside n')
  return payee
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_INVOICE', why })
}
