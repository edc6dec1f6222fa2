/**
 * Invoices made by hand for the tests: any fields, in any order, well signed.
 * @module
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bech32 } from '@scure/base'
import { concat, fromHex } from '../../src/core/bytes.ts'
import { LntError } from '../../src/core/errors.ts'
import { parseInvoice } from '../../src/wallet/invoice.ts'
import { signInvoice } from '../../src/wallet/invoice-encode.ts'
import { bitWords, numberWords, wordsOf } from '../../src/wallet/invoice-words.ts'

/** The key that signs all examples of BOLT 11, and its public key. */
export const KEY: Uint8Array = fromHex(
  'e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734',
)
export const NODE = '03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad'
export const HASH: Uint8Array = fromHex(
  '0001020304050607080900010203040506070809000102030405060708090102',
)
export const SECRET: Uint8Array = new Uint8Array(32).fill(0x11)
export const CAKE =
  'One piece of chocolate cake, one icecream cone, one pickle, one slice of swiss cheese, one slice of salami, one lollypop, one piece of cherry pie, one sausage, one cupcake, and one slice of watermelon'
export const ABOUT: Uint8Array = sha256(new TextEncoder().encode(CAKE))
export const THEN = 1496314658

export type Field = readonly [type: number, words: Uint8Array]
export const S: Field = [16, wordsOf(SECRET)]
export const P: Field = [1, wordsOf(HASH)]
export const H: Field = [23, wordsOf(ABOUT)]
export const D: Field = [13, wordsOf(new TextEncoder().encode('1 cup coffee'))]
export const N: Field = [19, wordsOf(fromHex(NODE))]
export const X: Field = [6, numberWords(60)]
export const C: Field = [24, numberWords(24)]
export const BITS: Field = [5, bitWords([8, 14])]
export const HOP: Uint8Array = concat(
  fromHex(NODE),
  fromHex('0102030405060708'),
  fromHex('0000000100000014'),
  fromHex('0003'),
)
export const R: Field = [3, wordsOf(HOP)]
export const USUAL: readonly Field[] = [S, P, H, X, C, BITS]

/** An invoice of any fields, well signed. */
export function craft(
  fields: readonly Field[],
  human = 'lnbcrt50n',
  key: Uint8Array = KEY,
): string {
  const words = fields.map(([type, data]) =>
    concat(Uint8Array.of(type), numberWords(data.length, 2), data),
  )
  return signInvoice(human, concat(numberWords(THEN, 7), ...words), key)
}

/** The same invoice with the other signature that fits: s is n − s, the recovery id flipped. */
export function withHighS(invoice: string): string {
  return resigned(invoice, (bytes) => {
    const { r, s } = secp256k1.Signature.fromBytes(bytes.subarray(0, 64))
    const high = new secp256k1.Signature(r, secp256k1.Point.CURVE().n - s)
    return concat(high.toBytes(), Uint8Array.of((bytes[64] ?? 0) ^ 1))
  })
}

export function resigned(invoice: string, change: (signature: Uint8Array) => Uint8Array): string {
  const { prefix, words } = bech32.decode(invoice as `${string}1${string}`, false)
  const signature = change(bech32.fromWords(words.slice(-104)))
  return bech32.encode(prefix, [...words.slice(0, -104), ...bech32.toWords(signature)], false)
}

export function whyNot(text: string): string {
  try {
    parseInvoice(text)
    return 'accepted'
  } catch (err) {
    if (err instanceof LntError && err.detail.code === 'BAD_INVOICE') return err.detail.why
    throw err
  }
}

/** Made by our encoder, 2026-11-21; frozen. */
export const OURS =
  'lnbcrt50n1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqsxqzpucqpc9qrsgqdezgmwyvldf035yw64qm3tt8fjj8svs5pvs45me49606cyc2cr0590hfgrjkdrvhaxdksy6aemdk66ngnp4v3epvphend3det9nkx7gpnch3nv'
