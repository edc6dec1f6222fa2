import fc from 'fast-check'
import test from 'tape'
import type { Message, Offer, Records, Reject } from '../../extensions/lnt-trade/message.ts'
import { LntError } from '../../src/core/errors.ts'
import { type Answer, Asks, OFFER_TIMEOUT_MS } from '../../src/market/asks.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { VirtualClock } from './virtual-clock.ts'

const QUESTION = {
  span: 8,
  kinds: [1],
  mostMsat: 5_000n,
  nonce: new Uint8Array(32),
  hops: 0,
  rev: 1,
}
const ROWS = { span: 1, level: 3 }

function setUp(): { peer: ScriptedPeer; clock: VirtualClock; asks: Asks } {
  const peer = new ScriptedPeer()
  const clock = new VirtualClock()
  return { peer, clock, asks: new Asks(peer, clock) }
}

const reject = (id: number): Reject => ({ type: 'reject', id, code: 5, text: '' })
const offer = (id: number): Offer => ({ type: 'offer', id }) as unknown as Offer
const records = (id: number): Records => ({ type: 'records', id }) as unknown as Records
const idOf = (sent: Message | undefined): number => (sent && 'id' in sent ? sent.id : -1)

test('asks: an answer reaches whoever asked under its id', async (t) => {
  const { peer, clock, asks } = setUp()
  const first = asks.ask(QUESTION)
  const second = asks.getRecords(ROWS)
  const [a, b] = peer.sent.map(idOf)
  if (a === undefined || b === undefined) return t.fail('two questions')
  t.notEqual(a, b, 'one number space')
  t.equal(asks.waiting, 2)
  asks.received(records(b))
  asks.received(reject(a))
  t.deepEqual(await first, { id: a, answer: reject(a) })
  t.deepEqual(await second, { id: b, answer: records(b) })
  t.equal(clock.timers, 0)
})

test('asks: answers to nothing asked, of the wrong sort, or twice, are the peer’s fault', async (t) => {
  const { peer, asks } = setUp()
  const isFault = (act: () => void, what: string): void => t.throws(act, /BAD_PEER/, what)
  isFault(() => asks.received(offer(77)), 'nothing asked')
  const asked = asks.ask(QUESTION)
  const a = idOf(peer.sent[0])
  isFault(() => asks.received(records(a)), 'rows for an ask')
  asks.received(offer(a))
  await asked
  isFault(() => asks.received(offer(a)), 'twice')
  isFault(() => asks.received(reject(a)), 'an offer, then a refusal')
  const rows = asks.getRecords(ROWS)
  const b = idOf(peer.sent[1])
  isFault(() => asks.received(offer(b)), 'an offer for rows')
  asks.received(reject(b))
  await rows
  isFault(() => asks.received(reject(b)), 'refused twice')
})

test('asks: what is not answered in time is cancelled, and its late answer ignored', async (t) => {
  const { peer, clock, asks } = setUp()
  const asked = asks.ask(QUESTION)
  const rows = asks.getRecords(ROWS)
  clock.pass(OFFER_TIMEOUT_MS)
  t.equal((await asked).answer, 'timeout')
  t.equal((await rows).answer, 'timeout')
  const [a, b] = peer.sent.map(idOf)
  t.deepEqual(peer.sent.slice(2), [{ type: 'cancel', id: a }], 'only asks are cancelled')
  asks.received(offer(a ?? -1))
  asks.received(reject(b ?? -1))
  asks.received(reject(b ?? -1))
})

test('asks: no more than 256 late answers are forgiven', async (t) => {
  const { peer, clock, asks } = setUp()
  const first = asks.ask(QUESTION)
  for (let i = 0; i < 256; i++) void asks.ask(QUESTION)
  clock.pass(OFFER_TIMEOUT_MS)
  await first
  const ids = peer.sent.filter(({ type }) => type === 'ask').map(idOf)
  t.throws(() => asks.received(reject(ids[0] ?? -1)), /BAD_PEER/)
  asks.received(reject(ids[1] ?? -1))
})

test('asks: an id is in use until the offer is freed or cancelled', async (t) => {
  const { peer, asks } = setUp()
  const asked = asks.ask(QUESTION)
  const id = idOf(peer.sent[0])
  asks.received(offer(id))
  await asked
  asks.cancel(id)
  t.deepEqual(peer.sent[1], { type: 'cancel', id })
  asks.cancel(id)
  asks.free(id)
  t.equal(peer.sent.length, 2, 'a cancel of nothing is not sent')
})

test('asks: when the peer leaves nobody waits any more, nor begins to', async (t) => {
  const { peer, clock, asks } = setUp()
  const asked = asks.ask(QUESTION)
  asks.close()
  t.equal((await asked).answer, 'timeout')
  t.equal((await asks.getRecords(ROWS)).answer, 'timeout')
  t.equal(peer.sent.length, 1)
  t.equal(clock.timers, 0)
})

test('asks: any sequence of messages settles every question once and throws only BAD_PEER', async (t) => {
  const step = fc.oneof(
    fc.constantFrom('ask' as const, 'rows' as const, 'pass' as const),
    fc.record({ type: fc.constantFrom('offer', 'reject', 'records'), id: fc.nat(12) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { clock, asks } = setUp()
      const questions: Promise<{ answer: Answer }>[] = []
      for (const one of steps) {
        if (one === 'ask') questions.push(asks.ask(QUESTION))
        else if (one === 'rows') questions.push(asks.getRecords(ROWS))
        else if (one === 'pass') clock.pass(4_000)
        else
          try {
            asks.received(one as unknown as Reject)
          } catch (err) {
            if (!(err instanceof LntError) || err.detail.code !== 'BAD_PEER') throw err
          }
      }
      asks.close()
      await Promise.all(questions)
      return clock.timers === 0 && asks.waiting === 0
    }),
    { numRuns: 500 },
  )
  t.pass('500 conversations')
})
