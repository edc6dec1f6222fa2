/**
 * Messages that break one rule each: the key that is changed, and to what (`undefined` leaves it out).
 * @module
 */
import fc from 'fast-check'
import { encode } from '../../extensions/lnt-trade/codec.ts'
import type { Ask, Message, Offer, Records, Terms } from '../../extensions/lnt-trade/message.ts'
import { type Dict, read } from '../../src/core/bencode.ts'
import type { Certificate, RecordProof } from '../../src/core/purchase.ts'
import { messagesOf } from './messages.ts'

/** A message as the dictionary on the wire, to be spoilt. */
export function dictOf(message: Message): Record<string, unknown> {
  return Object.fromEntries((read(encode(message)) as Dict).entries())
}
const first = <T>(arbitrary: fc.Arbitrary<T>) =>
  structuredClone(fc.sample(arbitrary, { seed: 1, numRuns: 1 })[0] as T)

/** Good messages. */
export const sampleTerms: Terms = first(messagesOf.terms)
export const sampleAsk: Ask = first(messagesOf.ask)
export const sampleRecords: Records = {
  type: 'records',
  id: 1,
  span: 1,
  level: 0,
  rows: new Uint8Array(96),
  rpath: new Uint8Array(32),
}
const sampleReject: Message = { type: 'reject', id: 1, code: 4, text: '', waitMs: 5 }
const sampleGet: Message = { type: 'getrecords', id: 1, span: 1, level: 2 }
const hashOf = () => new Uint8Array(32)
/** A record proof of zeros, 32 bytes deep. */
export const proof: RecordProof = { kc: hashOf(), pt: hashOf(), cv: hashOf(), rpath: hashOf() }
/** A good offer, and what is said of it. */
export const offerOf = (more: Partial<Offer> & Pick<Offer, 'kind'>): Message => ({
  type: 'offer',
  id: 1,
  span: 8,
  record: proof,
  epk: hashOf(),
  box: new Uint8Array(48),
  invoice: 'lnbcrt1',
  ttlSeconds: 60,
  ...more,
})
export const signature: Uint8Array = new Uint8Array(64)
const endorsement = { exp: 1, sig: signature }
export const delegate: Certificate = { x: 1, certExp: 1, dk: hashOf(), cert: signature }
const coupon = { j: 0, cpath: new Uint8Array(0) }
const kind1 = offerOf({ kind: 1, coupon, endorsement: { ...endorsement, delegate } })
const bare1 = offerOf({ kind: 1, coupon })
export const kind3: Message = offerOf({ kind: 3 })
const kind4 = offerOf({ kind: 4, endorsement })
const lie = { type: 'evidence', span: 8, record: proof } as const
const secrets = { wrap: hashOf(), preimage: hashOf() }
const lieCoupon: Message = { ...lie, ...secrets, form: 'coupon', j: 0, cpath: hashOf() }
const lieEndorsed: Message = { ...lie, ...secrets, form: 'endorsed', nonce: hashOf(), endorsement }
const lieKeys: Message = {
  ...lie,
  form: 'keys',
  key: hashOf(),
  descendant: { span: 16, record: proof },
}
const absent = undefined
/** Integers from `from` on. */
export const list = (count: number, from = 1): number[] =>
  Array.from({ length: count }, (_, i) => from + i)

/** [what is broken, a good message, its spoilt keys]. */
export const spoilt: readonly (readonly [string, Message, Record<string, unknown>])[] = [
  ['a price of nothing', sampleTerms, { price: 0 }],
  ['a price as text', sampleTerms, { price: '5' }],
  ['a discount over one half', sampleTerms, { step: 500_001 }],
  ['a negative discount', sampleTerms, { step: -1 }],
  ['17 kinds', sampleTerms, { kinds: list(17) }],
  ['kind 0', sampleTerms, { kinds: [0] }],
  ['kind 256', sampleTerms, { kinds: [256] }],
  ['kinds twice', sampleTerms, { kinds: [1, 1] }],
  ['kinds descending', sampleTerms, { kinds: [4, 1] }],
  ['a kind as text', sampleTerms, { kinds: ['1'] }],
  ['kinds as a number', sampleTerms, { kinds: 1 }],
  ['4,097 spans', sampleTerms, { spans: list(4097), fwd: [] }],
  ['4,097 spans in two lists', sampleTerms, { spans: list(4000), fwd: list(97) }],
  ['spans descending', sampleTerms, { spans: [2, 1] }],
  ['a span over u32', sampleTerms, { spans: [2 ** 32] }],
  ['a node of 32 bytes', sampleTerms, { node: hashOf() }],
  ['no node', sampleTerms, { node: absent }],
  ['no fwd', sampleTerms, { fwd: absent }],
  ['a ttl of 0', sampleTerms, { ttl: 0 }],
  ['a ttl over an hour', sampleTerms, { ttl: 3601 }],
  ['negative hops', sampleTerms, { hops: -1 }],
  ['an ask for nothing', sampleAsk, { most: 0 }],
  ['a nonce of 31 bytes', sampleAsk, { nonce: new Uint8Array(31) }],
  ['an ask without rev', sampleAsk, { rev: absent }],
  ['an id as a list', sampleAsk, { id: [1] }],
  ['a text of 121 bytes', sampleReject, { text: 'x'.repeat(121) }],
  ['a text with a line end', sampleReject, { text: 'a\nb' }],
  ['a text that is not ASCII', sampleReject, { text: 'é' }],
  ['no text', sampleReject, { text: absent }],
  ['a wait with another code', sampleReject, { code: 1 }],
  ['a negative wait', sampleReject, { wait: -1 }],
  ['level 10', sampleGet, { level: 10 }],
  ['no level', sampleGet, { level: absent }],
  ['rows of another level', sampleRecords, { level: 1 }],
  ['a row too short', sampleRecords, { rows: new Uint8Array(95) }],
  ['no record path', sampleRecords, { rpath: new Uint8Array(0) }],
  ['a record path of 20 hashes', sampleRecords, { rpath: new Uint8Array(20 * 32) }],
  ['a record path of half a hash', sampleRecords, { rpath: new Uint8Array(48) }],
  ['kind 5', kind3, { kind: 5 }],
  ['kind 0', kind3, { kind: 0 }],
  ['kind 1 without j', bare1, { j: absent }],
  ['kind 1 without cpath', bare1, { cpath: absent }],
  ['a coupon over 2^16', bare1, { j: 65_536 }],
  ['a coupon path of 17 hashes', bare1, { cpath: new Uint8Array(17 * 32) }],
  ['kind 1 with exp alone', bare1, { exp: 1 }],
  ['kind 1 with sig alone', bare1, { sig: signature }],
  ['a certificate without sig', bare1, { x: 1, cexp: 1, dk: hashOf(), cert: signature }],
  ['one key of a certificate without sig', bare1, { x: 1 }],
  ['a certificate without x', kind1, { x: absent }],
  ['a certificate without cexp', kind1, { cexp: absent }],
  ['a certificate without dk', kind1, { dk: absent }],
  ['a certificate without cert', kind1, { cert: absent }],
  ['a delegation of node 0', kind1, { x: 0 }],
  ['a delegation past the heap', kind1, { x: 2 ** 17 }],
  ['kind 3 with j', kind3, { j: 0 }],
  ['kind 3 with cpath', kind3, { cpath: hashOf() }],
  ['kind 3 with exp', kind3, { exp: 1 }],
  ['kind 3 with sig', kind3, { sig: signature }],
  ['kind 3 with a certificate key', kind3, { dk: hashOf() }],
  ['kind 4 without exp', kind4, { exp: absent }],
  ['kind 4 without sig', kind4, { sig: absent }],
  ['kind 4 with j', kind4, { j: 0xffffffff }],
  ['a signature of 65 bytes', kind4, { sig: new Uint8Array(65) }],
  ['a box of 47 bytes', kind4, { box: new Uint8Array(47) }],
  ['an epk of 33 bytes', kind4, { epk: new Uint8Array(33) }],
  ['an empty invoice', kind4, { inv: '' }],
  ['an invoice of 2,049 bytes', kind4, { inv: 'x'.repeat(2049) }],
  ['an invoice that is not ASCII', kind4, { inv: Uint8Array.of(0xff) }],
  ['a kc of 31 bytes', kind4, { kc: new Uint8Array(31) }],
  ['a form that does not exist', lieCoupon, { form: 'rumour' }],
  ['a form inherited from objects', lieCoupon, { form: 'constructor' }],
  ['no form', lieCoupon, { form: absent }],
  ['coupon evidence without its path', lieCoupon, { cpath: absent }],
  ['coupon evidence without j', lieCoupon, { j: absent }],
  ['coupon evidence without p', lieCoupon, { p: absent }],
  ['endorsed evidence without sig', lieEndorsed, { sig: absent, exp: absent }],
  ['endorsed evidence without exp', lieEndorsed, { exp: absent }],
  ['endorsed evidence without nonce', lieEndorsed, { nonce: absent }],
  ['endorsed evidence with half a certificate', lieEndorsed, { x: 1 }],
  ['keys evidence without its descendant', lieKeys, { dkc: absent }],
  ['keys evidence with a short key', lieKeys, { key: new Uint8Array(31) }],
  ['a type as text', kind3, { t: '2' }],
  ['a type as a list', kind3, { t: [2] }],
]
