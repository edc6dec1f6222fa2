import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import test from 'tape'
import { encode } from '../../extensions/lnt-trade/codec.ts'
import type { Message } from '../../extensions/lnt-trade/message.ts'
import { anyMessage, messagesOf } from './messages.ts'
import { sampleTerms } from './spoilt.ts'
import { connect, type FakeWire, Side, until } from './wires.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const GOOD_KEY = new Uint8Array(32).fill(9)

test('lnt-trade: two wires open, each with the key that the other announced', async (t) => {
  const { a, b, close } = await connect()
  await until(() => a.peer !== undefined && b.peer !== undefined)
  t.deepEqual(a.peer?.theirKey, b.peer?.ourPublicKey)
  t.deepEqual(b.peer?.theirKey, a.peer?.ourPublicKey)
  t.notDeepEqual(a.peer?.ourPublicKey, b.peer?.ourPublicKey)
  t.equal(a.peer?.label, 'label of a')
  t.equal(a.peer?.address, 'address of a')
  await close()
  await until(() => a.closed === 1 && b.closed === 1)
  t.pass('both were told of the end, once')
  a.peer?.send(sampleTerms)
  t.pass('and sending after it does nothing')
})

test('lnt-trade: every message arrives as it was sent', async (t) => {
  const seed = Date.now()
  const { a, b, close } = await connect()
  await until(() => a.peer !== undefined && b.peer !== undefined)
  const all = Object.values<fc.Arbitrary<Message>>(messagesOf)
    .flatMap((arbitrary) => fc.sample(arbitrary, { seed, numRuns: 3 }))
    .map((message) => structuredClone(message))
    .map((message) => (message.type === 'terms' ? { ...message, node: sampleTerms.node } : message))
  for (const message of all) {
    // The evidence quota is one per 10 s.
    b.nowMs += 10_000
    a.peer?.send(message)
    await until(() => b.dropped.length > 0 || b.received.length > 0)
    t.ok(isDeepStrictEqual(b.received.shift(), message), message.type)
  }
  t.deepEqual([a.dropped, b.dropped], [[], []], `seed ${seed}`)
  await close()
})

test('lnt-trade: messages before the handshake are ignored, even malformed ones', (t) => {
  const side = Side.alone()
  side.extension.onMessage(encode(sampleTerms))
  side.extension.onMessage(bytesOf('l-3:'))
  t.deepEqual([side.received, side.dropped], [[], []])
  t.end()
})

test('lnt-trade: any bytes are a message, ignored, or drop the peer', (t) => {
  const seed = Date.now()
  const changed = fc
    .tuple(anyMessage, fc.nat(), fc.nat(255))
    .map(([message, at, byte]) => encode(message).with(at % encode(message).length, byte))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), changed), (bytes) => {
      const side = Side.open()
      side.extension.onMessage(bytes)
      return side.dropped.length + side.received.length <= 1
    }),
    { seed, numRuns: 500 },
  )
  t.pass(`seed ${seed}`)
  t.end()
})

for (const [name, bytes] of [
  ['the list on which bencode@4 hangs', bytesOf('l-3:')],
  ['nothing', new Uint8Array(0)],
  ['a message over 64 KiB', new Uint8Array(65_537)],
  ['deep nesting', bytesOf(`d1:ti4e2:idi1e1:z${'l'.repeat(5000)}`)],
] as const)
  test(`lnt-trade: a peer is dropped for ${name}`, (t) => {
    const side = Side.open()
    side.extension.onMessage(bytes)
    t.equal(side.dropped.length, 1, String(side.dropped[0]))
    side.extension.onMessage(encode(sampleTerms))
    t.deepEqual(side.received, [], 'and not heard again')
    t.end()
  })

test('lnt-trade: unknown types are ignored', (t) => {
  const side = Side.open()
  side.extension.onMessage(bytesOf('d1:ti99ee'))
  t.deepEqual([side.received, side.dropped], [[], []])
  t.end()
})

test('lnt-trade: later terms may change all but the node', (t) => {
  const side = Side.open()
  side.extension.onMessage(encode(sampleTerms))
  side.extension.onMessage(encode({ ...sampleTerms, rev: 9, priceMsat: 7n }))
  t.equal(side.received.length, 2)
  side.extension.onMessage(encode({ ...sampleTerms, node: new Uint8Array(33).fill(2) }))
  t.equal(side.received.length, 2)
  t.ok(side.wire.destroyed)
  t.end()
})

const evidence: Message = {
  type: 'evidence',
  span: 1,
  record: {
    kc: GOOD_KEY,
    pt: GOOD_KEY,
    cv: GOOD_KEY,
    rpath: GOOD_KEY,
  },
  form: 'free',
}

test('lnt-trade: quotas: terms 1/s burst 4, cancel 10/s, evidence 1 per 10 s and 8 in all', (t) => {
  const taken = (message: Message, everyMs: number) => {
    const side = Side.open()
    for (let sent = 0; sent < 1000 && !side.wire.destroyed; sent++) {
      side.extension.onMessage(encode(message))
      side.nowMs += everyMs
    }
    return side.received.length
  }
  t.equal(taken(sampleTerms, 0), 4)
  t.equal(taken(sampleTerms, 1000), 1000)
  t.equal(taken({ type: 'cancel', id: 1 }, 0), 32)
  t.equal(taken({ type: 'cancel', id: 1 }, 100), 1000)
  t.equal(taken(evidence, 0), 1)
  t.equal(taken(evidence, 5000), 1)
  t.equal(taken(evidence, 10_000), 8)
  t.end()
})

test('lnt-trade: an exception of the handler drops that peer and goes no further', (t) => {
  for (const call of ['opened', 'received', 'closed'] as const) {
    const side = Side.alone()
    side.throwIn = call
    side.extension.onExtendedHandshake({ lnt: { v: 1, net: bytesOf('regtest'), pk: GOOD_KEY } })
    side.extension.onMessage(encode(sampleTerms))
    side.wire.destroy()
    queueMicrotask(() => {
      t.equal((side.dropped[0]?.cause as Error | undefined)?.message, `thrown in ${call}`, call)
      t.ok(side.wire.destroyed)
      if (call === 'closed') t.end()
    })
  }
})

test('lnt-trade: a handler that drops inside a call hears of the end after it', (t) => {
  const side = Side.open()
  side.onReceived = (peer) => {
    peer.drop(new (class extends Error {})('x') as never)
    t.equal(side.closed, 0)
  }
  side.extension.onMessage(encode(sampleTerms))
  side.extension.onMessage(encode(sampleTerms))
  queueMicrotask(() => {
    t.equal(side.received.length, 1)
    t.equal(side.closed, 1)
    t.end()
  })
})

test('lnt-trade: more than 1 MiB of our messages waiting drops the peer', (t) => {
  const rows: Message = {
    type: 'records',
    id: 1,
    span: 1,
    level: 9,
    rows: new Uint8Array(96 * 512),
    rpath: new Uint8Array(32),
  }
  const bytes = encode(rows).length
  const sentUntilDropped = (side: Side, each: (wire: FakeWire) => void) => {
    let sent = 0
    for (; sent < 200 && !side.wire.destroyed; sent++) {
      side.peer?.send(rows)
      each(side.fake)
    }
    return sent
  }
  t.equal(
    sentUntilDropped(Side.open(), () => {}),
    Math.floor(2 ** 20 / bytes) + 1,
    'nothing read',
  )
  const reader = Side.open()
  t.equal(
    sentUntilDropped(reader, (wire) => {
      // 8 MiB of pieces always wait, and what was queued before them has left.
      wire.upload(8 * 2 ** 20)
      wire.queuedBytes = 8 * 2 ** 20
    }),
    200,
    'pieces that wait are not counted',
  )
  t.end()
})

test('lnt-trade: a peer that withdraws the extension is dropped when we send', (t) => {
  const side = Side.open()
  side.fake.refuses = true
  side.peer?.send(sampleTerms)
  t.equal(side.dropped[0]?.detail.code, 'BAD_PEER')
  side.peer?.send(sampleTerms)
  t.equal(side.dropped.length, 1)
  t.end()
})
