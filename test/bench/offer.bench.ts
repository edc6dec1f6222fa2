/**
 * How long the messages of one coupon sale are on the wire, and how fast a seller answers without a wallet in the way.
 * Prints one line of JSON.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { encode } from '../../extensions/lnt-trade/codec.ts'
import type { Offer } from '../../extensions/lnt-trade/message.ts'
import { encodeInvoice } from '../../src/wallet/invoice.ts'

/** 1 GiB in pieces of 256 KiB: 4,096 pieces, d = 12; 256 coupons: c = 8. */
const DEPTH = 12
const C = 8

const some = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes))
const nowSeconds = Math.floor(Date.now() / 1000)
const invoice = encodeInvoice(
  {
    network: 'regtest',
    hash: some(32),
    amountMsat: 5_000n,
    descriptionHash: some(32),
    paymentSecret: some(32),
    cltvDelta: 27,
    createdAtSeconds: nowSeconds,
    validSeconds: 7_200,
    routeHints: [],
  },
  some(32),
)
const offer: Offer = {
  type: 'offer',
  id: 1,
  span: 2 ** DEPTH,
  kind: 1,
  record: { kc: some(32), pt: some(32), cv: some(32), rpath: some(32 * (DEPTH + 1)) },
  epk: some(32),
  box: some(48),
  invoice,
  ttlSeconds: 60,
  coupon: { j: 3, cpath: some(32 * C) },
  endorsement: { exp: nowSeconds + 180, sig: some(64) },
}
const ask = encode({
  type: 'ask',
  id: 1,
  span: 2 ** DEPTH,
  kinds: [1, 4],
  mostMsat: 5_000n,
  nonce: some(32),
  hops: 0,
  rev: 1,
})
const offerBytes = encode(offer).length
console.log(
  JSON.stringify({
    offer_bytes: offerBytes,
    sale_bytes: offerBytes + ask.length,
    invoice_chars: invoice.length,
  }),
)
