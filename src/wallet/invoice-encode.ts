/**
 * Writes and signs an invoice (BOLT 11), as the ledger wallet needs it; real nodes write their own.
 * @module
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bech32 } from '@scure/base'
import { concat } from '../core/bytes.ts'
import type { Network } from '../core/network.ts'
import { writeHumanPart } from './invoice-amount.ts'
import type { RouteHint } from './invoice-fields.ts'
import { bitWords, numberWords, paddedBytesOf, wordsOf } from './invoice-words.ts'

/** What an invoice is made of. */
export interface InvoiceDraft {
  readonly network: Network
  readonly amountMsat: bigint
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
  /** 32 bytes. */
  readonly descriptionHash: Uint8Array
  /** 32 bytes. */
  readonly paymentSecret: Uint8Array
  readonly cltvDelta: number
  /** Unix seconds. */
  readonly createdAtSeconds: number
  readonly validSeconds: number
  readonly routeHints?: readonly (readonly RouteHint[])[]
}

/** var_onion_optin and payment_secret, both required (BOLT 9). */
const FEATURES = [8, 14]

/**
 * Writes an invoice and signs it.
 * @param secretKey - of the payee node, 32 bytes
 */
export function encodeInvoice(draft: InvoiceDraft, secretKey: Uint8Array): string {
  const words = concat(
    numberWords(draft.createdAtSeconds, 7),
    field(16, wordsOf(draft.paymentSecret)),
    field(1, wordsOf(draft.hash)),
    field(23, wordsOf(draft.descriptionHash)),
    field(6, numberWords(draft.validSeconds)),
    field(24, numberWords(draft.cltvDelta)),
    ...(draft.routeHints ?? []).map((route) => field(3, wordsOf(concat(...route.map(hopBytes))))),
    field(5, bitWords(FEATURES)),
  )
  return signInvoice(writeHumanPart(draft), words, secretKey)
}

/** Signs a human-readable part and the words that follow it, and puts the whole into bech32. */
export function signInvoice(human: string, words: Uint8Array, secretKey: Uint8Array): string {
  const digest = invoiceDigest(human, words)
  const signature = secp256k1.sign(digest, secretKey, { prehash: false, format: 'recovered' })
  // noble puts the recovery id first, BOLT 11 last.
  const signed = concat(words, wordsOf(concat(signature.subarray(1), signature.subarray(0, 1))))
  return bech32.encode(human, signed, false)
}

/** What the signature of an invoice is over, 32 bytes. */
export function invoiceDigest(human: string, words: Uint8Array): Uint8Array {
  return sha256(concat(new TextEncoder().encode(human), paddedBytesOf(words)))
}

function field(type: number, data: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(type), numberWords(data.length, 2), data)
}

function hopBytes(hop: RouteHint): Uint8Array {
  const numbers = new DataView(new ArrayBuffer(18))
  numbers.setBigUint64(0, hop.channelId)
  numbers.setUint32(8, hop.feeBaseMsat)
  numbers.setUint32(12, hop.feePpm)
  numbers.setUint16(16, hop.cltvDelta)
  return concat(hop.node, new Uint8Array(numbers.buffer))
}
