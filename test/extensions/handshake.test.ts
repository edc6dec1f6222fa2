import fc from 'fast-check'
import test from 'tape'
import { encode } from '../../extensions/lnt-trade/codec.ts'
import { EXTENSION_NAME } from '../../extensions/lnt-trade/extension.ts'
import { sampleTerms } from './spoilt.ts'
import { Side } from './wires.ts'

const ORDER_8 = Uint8Array.from(
  Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex'),
)
const entryOf = (side: Side) => side.wire.extendedHandshake['lnt'] as Record<string, unknown>
const bytesOf = (text: string) => new TextEncoder().encode(text)
const GOOD_KEY = new Uint8Array(32).fill(9)
const good = { v: 1, net: bytesOf('regtest'), pk: GOOD_KEY }

for (const [name, handshake] of [
  ['no lnt entry', {}],
  ['another version', { lnt: { v: 2 } }],
  ['another network', { lnt: { ...good, net: bytesOf('bitcoin') } }],
  ['a network that we do not know', { lnt: { ...good, net: bytesOf('liquid') } }],
] as const)
  test(`lnt-trade: with ${name} the wire stays an ordinary one`, (t) => {
    const side = Side.alone()
    side.extension.onExtendedHandshake(handshake)
    side.extension.onMessage(encode(sampleTerms))
    t.equal(side.peer, undefined)
    t.deepEqual([side.received, side.dropped], [[], []])
    t.notOk(side.wire.destroyed)
    t.end()
  })

for (const [name, handshake] of [
  ['an entry that is a number', { lnt: 5 }],
  ['an entry that is text', { lnt: bytesOf('v') }],
  ['an entry that is a list', { lnt: [1, 2] }],
  ['no version', { lnt: { ...good, v: undefined } }],
  ['a version as text', { lnt: { ...good, v: bytesOf('1') } }],
  ['a broken version', { lnt: { ...good, v: 1.5 } }],
  ['no network', { lnt: { v: 1, pk: GOOD_KEY } }],
  ['a network as a number', { lnt: { ...good, net: 3 } }],
  ['a network of a kilobyte', { lnt: { ...good, net: new Uint8Array(1024) } }],
  ['a network as a list', { lnt: { ...good, net: ['regtest'] } }],
  ['no key', { lnt: { v: 1, net: good.net } }],
  ['a key of 31 bytes', { lnt: { ...good, pk: new Uint8Array(31) } }],
  ['a key of 33 bytes', { lnt: { ...good, pk: new Uint8Array(33).fill(2) } }],
  ['a key as a dictionary', { lnt: { ...good, pk: { length: 32 } } }],
  ['the key of zeros', { lnt: { ...good, pk: new Uint8Array(32) } }],
  ['a key of low order', { lnt: { ...good, pk: ORDER_8 } }],
  ['an inherited entry', { lnt: Object.create(good) as unknown }],
  ['a handshake that is a number', 7],
] as const)
  test(`lnt-trade: a peer is dropped for ${name}`, (t) => {
    const side = Side.alone()
    side.extension.onExtendedHandshake(handshake)
    t.equal(side.peer, undefined)
    t.equal(side.dropped[0]?.detail.code, 'BAD_PEER', String(side.dropped[0]))
    t.ok(side.wire.destroyed)
    t.end()
  })

test('lnt-trade: any handshake opens, is ignored or drops, and throws nothing', (t) => {
  const seed = Date.now()
  const any = fc.anything({ withBigInt: true, withTypedArray: true, withNullPrototype: true })
  const entry = fc.record(
    {
      v: fc.oneof(fc.constant(1), any),
      net: fc.oneof(fc.constant(good.net), any),
      pk: fc.oneof(fc.uint8Array({ minLength: 32, maxLength: 32 }), any),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(any, fc.record({ lnt: fc.oneof(entry, any) })), (handshake) => {
      const side = Side.alone()
      side.extension.onExtendedHandshake(handshake)
      return (
        side.opened + side.dropped.length <= 1 && side.wire.destroyed === side.dropped.length > 0
      )
    }),
    { seed, numRuns: 300 },
  )
  t.pass(`seed ${seed}`)
  t.end()
})

test('lnt-trade: a repeated handshake is harmless, another entry in it drops', (t) => {
  for (const [name, second, drops] of [
    ['the same', { lnt: good }, false],
    ['none, as BEP 10 allows', { metadata_size: 5 }, false],
    ['another key', { lnt: { ...good, pk: new Uint8Array(32).fill(8) } }, true],
    ['another network', { lnt: { ...good, net: bytesOf('bitcoin') } }, true],
    ['another version', { lnt: { ...good, v: 2 } }, true],
    ['a malformed one', { lnt: 0 }, true],
  ] as const) {
    const side = Side.alone()
    side.extension.onExtendedHandshake({ lnt: good })
    side.extension.onExtendedHandshake(second)
    t.equal(side.wire.destroyed, drops, name)
    t.equal(side.opened, 1, 'opened once')
  }
  const late = Side.alone()
  late.extension.onExtendedHandshake({ lnt: { ...good, net: bytesOf('bitcoin') } })
  late.extension.onExtendedHandshake({ lnt: good })
  t.ok(late.wire.destroyed, 'nor may a peer that did not fit change its network')
  t.end()
})

test('lnt-trade: our handshake entry is version, network and a key of this wire alone', (t) => {
  const [one, two] = [Side.alone(), Side.alone()]
  t.deepEqual(Object.keys(entryOf(one)).sort(), ['net', 'pk', 'v'])
  t.equal(entryOf(one)['v'], 1)
  t.equal(entryOf(one)['net'], 'regtest')
  t.notDeepEqual(entryOf(one)['pk'], entryOf(two)['pk'])
  t.equal(EXTENSION_NAME, 'lnt_trade')
  t.end()
})
