import test from 'tape'
import type { Message, Terms } from '../../extensions/lnt-trade/message.ts'
import type { TradeHandler, TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { BUYER_TAKES, Counter, ROWS_TAKES, SELLER_TAKES } from '../../src/client/counter.ts'
import { ScriptedPeer } from '../market/scripted-peer.ts'

class Clerk implements TradeHandler {
  readonly heard: string[] = []
  opened(peer: TradePeer): void {
    this.heard.push(`${peer.address} came`)
  }
  received(peer: TradePeer, message: Message): void {
    this.heard.push(`${peer.address} ${message.type}`)
  }
  closed(peer: TradePeer): void {
    this.heard.push(`${peer.address} left`)
  }
}

const terms = { type: 'terms', rev: 1 } as unknown as Terms
const message = (type: Message['type']): Message => ({ type, id: 1 }) as unknown as Message

test('counter: a clerk that starts late meets who is there, with their terms', (t) => {
  const counter = new Counter()
  const [a, b, c] = [new ScriptedPeer('a'), new ScriptedPeer('b'), new ScriptedPeer('c')]
  for (const peer of [a, b, c]) counter.opened(peer)
  counter.received(a, terms)
  counter.closed(c)
  const [buyer, rows] = [new Clerk(), new Clerk()]
  counter.add({ takes: BUYER_TAKES, handler: buyer })
  counter.add({ takes: ROWS_TAKES, handler: rows })
  t.deepEqual(buyer.heard, ['a came', 'a terms', 'b came'])
  t.deepEqual(rows.heard, ['a came', 'b came'])
  t.deepEqual(counter.peers, [a, b])
  t.end()
})

test('counter: each message goes to whoever takes its type', (t) => {
  const counter = new Counter()
  const [buyer, seller, rows] = [new Clerk(), new Clerk(), new Clerk()]
  counter.add({ takes: BUYER_TAKES, handler: buyer })
  counter.add({ takes: SELLER_TAKES, handler: seller })
  counter.add({ takes: ROWS_TAKES, handler: rows })
  const peer = new ScriptedPeer('a')
  counter.opened(peer)
  const types: Message['type'][] = [
    'terms',
    'ask',
    'offer',
    'reject',
    'cancel',
    'getrecords',
    'records',
    'evidence',
  ]
  for (const type of types) counter.received(peer, message(type))
  const said = (...names: string[]): string[] => ['a came', ...names.map((name) => `a ${name}`)]
  t.deepEqual(buyer.heard, said('terms', 'offer', 'reject', 'records'))
  t.deepEqual(seller.heard, said('ask', 'cancel'))
  t.deepEqual(rows.heard, said('getrecords'))
  t.end()
})

test('counter: for a clerk that leaves every peer is gone, for the others not', (t) => {
  const counter = new Counter()
  const [stays, goes] = [new Clerk(), new Clerk()]
  counter.add({ takes: BUYER_TAKES, handler: stays })
  counter.add({ takes: BUYER_TAKES, handler: goes })
  const peer = new ScriptedPeer('a')
  counter.opened(peer)
  counter.remove(goes)
  counter.received(peer, terms)
  counter.closed(peer)
  t.deepEqual(goes.heard, ['a came', 'a left'])
  t.deepEqual(stays.heard, ['a came', 'a terms', 'a left'])
  t.deepEqual(counter.peers, [])
  t.end()
})

test('counter: an answer drops the peer where nobody has ever asked', (t) => {
  for (const type of ['offer', 'reject', 'records'] as const) {
    const counter = new Counter()
    counter.add({ takes: SELLER_TAKES, handler: new Clerk() })
    const [early, late] = [new ScriptedPeer('early'), new ScriptedPeer('late')]
    for (const peer of [early, late]) counter.opened(peer)
    counter.received(early, message(type))
    t.ok(early.dropped, `${type} to nothing asked`)
    const buyer = new Clerk()
    counter.add({ takes: BUYER_TAKES, handler: buyer })
    counter.remove(buyer)
    counter.received(late, message(type))
    t.notOk(late.dropped, `${type} to a buyer that has left`)
  }
  t.end()
})
