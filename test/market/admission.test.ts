import { createHash } from 'node:crypto'
import test from 'tape'
import { MOST_ADDRESSES, MOST_NONCES, NONCE_MS } from '../../src/core/limits.ts'
import { Admission } from '../../src/market/admission.ts'
import { Nonces } from '../../src/market/nonces.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { VirtualClock } from './virtual-clock.ts'

const nonce = (number: number): Uint8Array => createHash('sha256').update(String(number)).digest()

test('nonces: at most 65,536 are kept, the oldest go first', (t) => {
  const nonces = new Nonces()
  for (let i = 0; i <= MOST_NONCES; i++) nonces.isNew(nonce(i), 0)
  t.equal(nonces.size, MOST_NONCES)
  t.notOk(nonces.isNew(nonce(MOST_NONCES), 0))
  t.notOk(nonces.isNew(nonce(2), 0))
  t.ok(nonces.isNew(nonce(0), 0), 'the oldest is forgotten')
  t.end()
})

test('nonces: kept for an hour to the millisecond', (t) => {
  const nonces = new Nonces()
  nonces.isNew(nonce(1), 0)
  t.notOk(nonces.isNew(nonce(1), NONCE_MS - 1))
  t.ok(nonces.isNew(nonce(1), NONCE_MS))
  t.equal(nonces.size, 1)
  t.end()
})

test('admission: each step of a place counts once, in whatever order it is told', (t) => {
  const admission = new Admission(new VirtualClock())
  const peer = new ScriptedPeer()
  admission.opened(peer)
  for (let i = 0; i < 3; i++) {
    const place = admission.place(peer)
    place?.end()
    place?.paid()
    place?.held()
    place?.end()
    t.ok(admission.isStranger(peer), 'an offer that ended unpaid earns nothing')
  }
  const place = admission.place(peer)
  t.equal(admission.place(peer), undefined)
  place?.paid()
  place?.paid()
  t.notOk(admission.isStranger(peer))
  place?.end()
  const two = [admission.place(peer), admission.place(peer)]
  t.ok(two[0] && two[1], 'two, not three')
  t.equal(admission.place(peer), undefined)
  t.end()
})

test('admission: standing belongs to the connection, an address remembers what was settled', (t) => {
  const admission = new Admission(new VirtualClock())
  const first = new ScriptedPeer('home')
  admission.opened(first)
  for (let i = 0; i < 2; i++) {
    const place = admission.place(first)
    place?.paid()
    place?.end()
  }
  admission.closed(first)
  const peers = Array.from({ length: 6 }, () => new ScriptedPeer('home'))
  for (const peer of peers) admission.opened(peer)
  t.ok(peers.every((peer) => admission.isStranger(peer)))
  t.equal(peers.filter((peer) => admission.place(peer)).length, 4, '2 + 2')
  t.end()
})

test('admission: what a closed connection left open counts until it ends', (t) => {
  const admission = new Admission(new VirtualClock())
  const places = []
  for (let i = 0; i < 2; i++) {
    const peer = new ScriptedPeer('home')
    admission.opened(peer)
    places.push(admission.place(peer))
    admission.closed(peer)
  }
  const peer = new ScriptedPeer('home')
  admission.opened(peer)
  t.equal(admission.place(peer), undefined)
  places[0]?.end()
  t.ok(admission.place(peer))
  t.end()
})

test('admission: addresses are forgotten, the least recently seen first, never those in use', (t) => {
  const admission = new Admission(new VirtualClock())
  const stays = new ScriptedPeer('stays')
  admission.opened(stays)
  admission.place(stays)?.paid()
  const leaves = new ScriptedPeer('leaves')
  admission.opened(leaves)
  const place = admission.place(leaves)
  place?.paid()
  place?.end()
  admission.closed(leaves)
  for (let i = 0; i < MOST_ADDRESSES; i++) {
    const peer = new ScriptedPeer(`address ${i}`)
    admission.opened(peer)
    admission.closed(peer)
  }
  for (const { address, most } of [
    { address: 'stays', most: 3 },
    { address: 'leaves', most: 2 },
  ]) {
    const peers = Array.from({ length: 5 }, () => new ScriptedPeer(address))
    for (const peer of peers) admission.opened(peer)
    t.equal(peers.filter((peer) => admission.place(peer)).length, most, address)
  }
  t.end()
})
