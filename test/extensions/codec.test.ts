import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import bencode from 'bencode'
import fc from 'fast-check'
import test from 'tape'
import { decode, encode } from '../../extensions/lnt-trade/codec.ts'
import { MAX_MESSAGE_BYTES } from '../../extensions/lnt-trade/limits.ts'
import type { Message } from '../../extensions/lnt-trade/message.ts'
import { fromHex, toHex } from '../../src/core/bytes.ts'
import { hasCode } from '../../src/core/errors.ts'
import { anyMessage, messagesOf } from './messages.ts'
import {
  delegate,
  dictOf,
  kind3,
  list,
  offerOf,
  proof,
  sampleAsk,
  sampleRecords,
  sampleTerms,
  signature,
  spoilt,
} from './spoilt.ts'

interface Vectors {
  readonly v12_messages: Readonly<Record<string, string>>
  readonly v12_malformed: Readonly<Record<string, string>>
  readonly v12_ignored: Readonly<Record<string, string>>
  readonly v13_evidence_forms: Readonly<Record<string, { readonly message: string }>>
}
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/lnt1.json', import.meta.url), 'utf8'),
) as Vectors

/** `why` of the BAD_MESSAGE that decoding throws; undefined when it throws none. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    decode(bytes)
    return undefined
  } catch (err) {
    if (!hasCode(err, 'BAD_MESSAGE')) throw err
    return err.detail.why
  }
}

const isMessage = (hex: string) => /^(?:[0-9a-f]{2})+$/.test(hex)

test('codec: the vectors decode and encode to the same bytes', (t) => {
  const messages = Object.entries(vectors.v12_messages).filter(([, hex]) => isMessage(hex))
  const evidence = Object.entries(vectors.v13_evidence_forms).map(([n, v]) => [n, v.message])
  for (const [name, hex] of [...messages, ...evidence]) {
    const message = decode(fromHex(hex ?? ''))
    t.equal(message && toHex(encode(message)), hex, name)
  }
  t.ok(messages.length >= 9 && evidence.length >= 8, 'all of them')
  t.end()
})

test('codec: the malformed vectors are refused', (t) => {
  for (const [name, hex] of Object.entries(vectors.v12_malformed))
    t.ok(refusal(fromHex(hex)), `${name}: ${refusal(fromHex(hex))}`)
  t.end()
})

test('codec: unknown keys and types are ignored', (t) => {
  t.deepEqual(decode(fromHex(vectors.v12_ignored['unknown key'] ?? '')), { type: 'cancel', id: 1 })
  t.equal(decode(fromHex(vectors.v12_ignored['unknown type'] ?? '')), undefined)
  t.end()
})

test('codec: what was encoded decodes to itself', (t) => {
  const seed = Date.now()
  fc.assert(
    fc.property(anyMessage, (message) => isDeepStrictEqual(decode(encode(message)), message)),
    { seed, numRuns: 800 },
  )
  t.pass(`round trip, seed ${seed}`)
  t.end()
})

test('codec: any bytes, and any message with a byte changed, give a message or BAD_MESSAGE', (t) => {
  const seed = Date.now()
  const changed = fc
    .tuple(anyMessage, fc.nat(), fc.nat(255))
    .map(([message, at, byte]) => encode(message).with(at % encode(message).length, byte))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), changed), (bytes) => {
      refusal(bytes)
    }),
    { seed, numRuns: 3000 },
  )
  t.pass(`nothing else was thrown, seed ${seed}`)
  t.end()
})

test('codec: a message cut short anywhere is refused', (t) => {
  for (const arbitrary of Object.values(messagesOf)) {
    const bytes = encode(fc.sample<Message>(arbitrary, { seed: 7, numRuns: 1 })[0] as Message)
    const step = Math.max(1, Math.floor(bytes.length / 300))
    for (let length = 0; length < bytes.length; length += step)
      if (refusal(bytes.subarray(0, length)) === undefined) t.fail(`${length} of ${bytes.length}`)
  }
  t.pass('every cut')
  t.end()
})

test('codec: each broken rule is refused, and the message without the breach is not', (t) => {
  for (const [name, message, breach] of spoilt) {
    const good = dictOf(message)
    t.equal(refusal(bencode.encode(good)), undefined, `without: ${name}`)
    t.ok(refusal(bencode.encode({ ...good, ...breach })), name)
  }
  t.end()
})

test('codec: a key of another message, or of another form, is unknown here', (t) => {
  const stray = { price: 'x', nonce: 5, rows: [], wait: 'soon', spans: -1 }
  t.deepEqual(decode(bencode.encode({ ...dictOf(kind3), ...stray })), kind3)
  const free: Message = { type: 'evidence', span: 8, record: proof, form: 'free' }
  t.deepEqual(decode(bencode.encode({ ...dictOf(free), w: 1, sig: 'x', key: [] })), free)
  t.end()
})

test('codec: terms with 4,096 spans and rows of level 9 fit into a message', (t) => {
  const most: Message = {
    ...sampleTerms,
    spans: list(4000, 2 ** 32 - 4000),
    forwards: list(96, 2 ** 32 - 96),
  }
  const rows: Message = {
    ...sampleRecords,
    level: 9,
    rows: new Uint8Array(96 * 512).fill(1),
    rpath: new Uint8Array(19 * 32),
  }
  for (const message of [most, rows]) {
    const bytes = encode(message)
    t.ok(bytes.length <= MAX_MESSAGE_BYTES, `${message.type}: ${bytes.length} bytes`)
    t.deepEqual(decode(bytes), message)
  }
  t.ok(refusal(new Uint8Array(MAX_MESSAGE_BYTES + 1)), 'a longer one does not')
  t.end()
})

test('codec: an offer of a coupon is below 2 KiB even in the largest torrent', (t) => {
  const offer = (depth: number, c: number, invoice: number, more: object = {}) =>
    encode(
      offerOf({
        kind: 1,
        record: { ...proof, rpath: new Uint8Array(32 * (depth + 1)) },
        invoice: 'l'.repeat(invoice),
        coupon: { j: 2 ** c - 1, cpath: new Uint8Array(32 * c) },
        endorsement: { exp: 1_800_000_000, sig: signature, ...more },
      }),
    ).length
  t.ok(offer(12, 8, 310) < 2048, `1 GiB in 256 KiB pieces, 256 coupons: ${offer(12, 8, 310)}`)
  t.ok(offer(18, 8, 330) < 2048, `2^18 pieces, 256 coupons: ${offer(18, 8, 330)}`)
  const delegated = offer(18, 16, 330, { delegate })
  t.ok(delegated < MAX_MESSAGE_BYTES, `2^18 pieces, 2^16 coupons, a delegate: ${delegated}`)
  t.end()
})

test('codec: we refuse to encode what a peer would drop us for', (t) => {
  for (const message of [
    { type: 'reject', id: 1, code: 1, text: '', waitMs: 1 },
    { type: 'cancel', id: -1 },
    { ...sampleAsk, mostMsat: 2n ** 53n },
    offerOf({ kind: 4 }),
  ] satisfies Message[])
    try {
      t.fail(toHex(encode(message)))
    } catch (err) {
      t.ok(hasCode(err, 'BAD_MESSAGE'), String(err))
    }
  t.end()
})
