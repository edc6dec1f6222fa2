/**
 * Arbitrary messages of `lnt_trade` within all limits, for the codec's and the wire's tests.
 * @module
 */
import fc from 'fast-check'
import type {
  EvidenceMessage,
  Message,
  Offer,
  Reject,
  Terms,
} from '../../extensions/lnt-trade/message.ts'
import type { Endorsement, RecordProof } from '../../src/core/purchase.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const hash = bytes(32)
const path = (min: number, max: number) =>
  fc.integer({ min, max }).chain((hashes) => bytes(32 * hashes))
const ascii = (minLength: number, maxLength: number) =>
  fc.string({ unit: 'grapheme-ascii', minLength, maxLength })
const u32 = fc.nat(0xffffffff)
const rev = fc.nat(Number.MAX_SAFE_INTEGER)
const msat = fc.bigInt(1n, BigInt(Number.MAX_SAFE_INTEGER))
const ttlSeconds = fc.integer({ min: 1, max: 3600 })
const ascending = (item: fc.Arbitrary<number>, maxLength: number) =>
  fc.uniqueArray(item, { maxLength }).map((list) => list.sort((a, b) => a - b))
const kinds = ascending(fc.integer({ min: 1, max: 255 }), 16)
const is = <const T>(value: T) => fc.constant(value)

const record: fc.Arbitrary<RecordProof> = fc.record({
  kc: hash,
  pt: hash,
  cv: hash,
  rpath: path(1, 19),
})
const endorsement: fc.Arbitrary<Endorsement> = fc.record(
  {
    exp: rev,
    sig: bytes(64),
    delegate: fc.record({
      x: fc.integer({ min: 1, max: 2 ** 17 - 1 }),
      certExp: rev,
      dk: hash,
      cert: bytes(64),
    }),
  },
  { requiredKeys: ['exp', 'sig'] },
)

const terms: fc.Arbitrary<Terms> = fc.record({
  type: is('terms'),
  priceMsat: msat,
  stepPpm: fc.nat(500_000),
  kinds,
  spans: ascending(u32, 40),
  forwards: ascending(u32, 40),
  node: bytes(33),
  hops: u32,
  ttlSeconds,
  rev,
})

const offerBase = {
  type: is('offer'),
  id: u32,
  span: u32,
  record,
  epk: hash,
  box: bytes(48),
  invoice: ascii(1, 2048),
  ttlSeconds,
}
const coupon = fc.record({ j: fc.nat(2 ** 16 - 1), cpath: path(0, 16) })
const offer: fc.Arbitrary<Offer> = fc.oneof(
  fc.record({ ...offerBase, kind: is(1), coupon }),
  fc.record({ ...offerBase, kind: is(1), coupon, endorsement }),
  fc.record({ ...offerBase, kind: is(2) }),
  fc.record({ ...offerBase, kind: is(3) }),
  fc.record({ ...offerBase, kind: is(4), endorsement }),
)

const reject: fc.Arbitrary<Reject> = fc.oneof(
  fc.record({ type: is('reject'), id: u32, code: u32, text: ascii(0, 120) }),
  fc.record({
    type: is('reject'),
    id: u32,
    code: fc.constantFrom(3, 4),
    text: ascii(0, 120),
    waitMs: u32,
  }),
)

const evidenceBase = { type: is('evidence'), span: u32, record }
const secrets = { wrap: hash, preimage: hash }
const evidence: fc.Arbitrary<EvidenceMessage> = fc.oneof(
  fc.record({
    ...evidenceBase,
    ...secrets,
    form: is('coupon'),
    j: fc.nat(2 ** 16 - 1),
    cpath: path(0, 16),
  }),
  fc.record({ ...evidenceBase, ...secrets, form: is('endorsed'), nonce: hash, endorsement }),
  fc.record({ ...evidenceBase, ...secrets, form: is('signed'), invoice: ascii(1, 2048) }),
  fc.record({
    ...evidenceBase,
    form: is('keys'),
    key: hash,
    descendant: fc.record({ span: u32, record }),
  }),
  fc.record({ ...evidenceBase, form: is('plaintext'), key: hash }),
  fc.record({ ...evidenceBase, form: is('free') }),
)

/** Each type of message by its name. */
export const messagesOf: {
  readonly [T in Message['type']]: fc.Arbitrary<Extract<Message, { type: T }>>
} = {
  terms,
  ask: fc.record({
    type: is('ask'),
    id: u32,
    span: u32,
    kinds,
    mostMsat: msat,
    nonce: hash,
    hops: u32,
    rev,
  }),
  offer,
  reject,
  cancel: fc.record({ type: is('cancel'), id: u32 }),
  getrecords: fc.record({ type: is('getrecords'), id: u32, span: u32, level: fc.nat(9) }),
  records: fc.nat(9).chain((level) =>
    fc.record({
      type: is('records'),
      id: u32,
      span: u32,
      level: is(level),
      rows: bytes(96 * 2 ** level),
      rpath: path(1, 19),
    }),
  ),
  evidence,
}

/** Any message. */
export const anyMessage: fc.Arbitrary<Message> = fc
  .oneof(...Object.values<fc.Arbitrary<Message>>(messagesOf))
  // fast-check's objects have no prototype; plain ones compare strictly with what is decoded.
  .map((message) => structuredClone(message))
