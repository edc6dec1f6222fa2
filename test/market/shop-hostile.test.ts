import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import test from 'tape'
import type { Message, Terms } from '../../extensions/lnt-trade/message.ts'
import { MAX_PIECES } from '../../src/core/geometry.ts'
import { Shelf } from '../../src/market/shelf.ts'
import { RecordBook } from '../../torrents/records.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { type ShopRig, shopRig } from './shop-rig.ts'

const junk = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

/** What a seller can do with its next message, all that it has said being known. */
const DEEDS: Record<string, (message: Message, seen: readonly Message[]) => readonly Message[]> = {
  pass: (message) => [message],
  drop: () => [],
  twice: (message) => [message, message],
  swap: (message, [first = message]) => [
    { ...first, ...('id' in first ? { id: idOf(message) } : {}) },
  ],
  reject: (message) => [
    { type: 'reject', id: idOf(message), code: 4, text: 'later', waitMs: 3_600_000 },
  ],
  late: (_, seen) => [...seen],
  rows: (message) => [
    { type: 'records', id: idOf(message), span: 1, level: 1, rows: junk(192), rpath: junk(96) },
  ],
  terms: (_, seen) =>
    seen.flatMap((one) =>
      one.type === 'terms' ? [{ ...one, rev: one.rev + 1, priceMsat: 1n }] : [],
    ),
  junk: (message) => (message.type === 'offer' ? [{ ...message, box: junk(48) }] : [message]),
  id: (message) => ('id' in message ? [{ ...message, id: message.id + 1 }] : [message]),
}
const ACTS = Object.keys(DEEDS)

const idOf = (message: Message): number => ('id' in message ? message.id : 2)

/** A seller that does as it likes with what an honest desk says. */
function mischief(acts: string[]): (message: Message) => readonly Message[] {
  const seen: Message[] = []
  return (message) => {
    seen.push(message)
    return DEEDS[acts.shift() ?? 'pass']?.(message, seen) ?? []
  }
}

test('shop: whatever sellers do, nothing throws, every sat bought a key, and an honest one is found', async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
  t.comment(`seed ${seed}`)
  let rigs = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.constantFrom(...ACTS), { maxLength: 8 }), {
        minLength: 1,
        maxLength: 3,
      }),
      async (sellers) => {
        rigs += 1
        const rig = await shopRig({ pieces: 3 })
        try {
          for (const acts of sellers) rig.connect({ tamper: mischief([...acts]) })
          await rig.calm(200)
          rig.connect()
          await rig.whole()
          return holds(rig)
        } finally {
          await rig.close()
        }
      },
    ),
    { numRuns: 40, seed },
  )
  t.ok(rigs >= 40, `${rigs} rigs`)
})

function holds(rig: ShopRig): boolean {
  const rows = rig.store.journal.purchasesOf(rig.torrent.infoSha256)
  const paid = rows.filter(({ state }) => state === 'opened')
  return (
    rig.isRight &&
    rig.errors.length === 0 &&
    rig.lies.length === 0 &&
    rig.twice.length === 0 &&
    rig.books().isBalanced &&
    rig.spentMsat === paid.reduce((sum, { amountMsat }) => sum + amountMsat, 0n) &&
    paid.reduce((sum, { span }) => sum + rig.shelf.piecesOf(span).length, 0) === 3
  )
}

test('shop: messages of a peer that is not there, or that are for a seller, change nothing', async (t) => {
  const rig = await shopRig({ pieces: 1 })
  const peer = new ScriptedPeer()
  const terms: Terms = { ...rig.desk.desk.terms() }
  rig.shop.received(peer, terms)
  rig.shop.opened(peer)
  for (const type of ['ask', 'cancel', 'getrecords', 'evidence'])
    rig.shop.received(peer, { type, id: 1 } as unknown as Message)
  t.equal(peer.dropped, undefined)
  rig.shop.received(peer, { type: 'reject', id: 9, code: 1, text: '' })
  t.match(String(peer.dropped), /BAD_PEER/)
  rig.shop.closed(peer)
  rig.shop.closed(peer)
  t.deepEqual(rig.shop.sellers, { peers: 0, selling: 0 })
  await rig.close()
})

test('shop: 2^18 pieces and 50 sellers that name 4,096 useless spans each keep it quick', async (t) => {
  const small = await shopRig({ pieces: 2 })
  const torrent = { ...small.torrent, pieces: MAX_PIECES, free: [] }
  const held = new Set<number>()
  const shelf = new Shelf(torrent, [], (piece) => held.has(piece))
  let pumps = 0
  let looks = 0
  const rig = await shopRig({
    pieces: 2,
    ports: () => ({
      torrent,
      shelf,
      book: new RecordBook(torrent),
      goods: {
        has: (piece) => {
          looks += 1
          return held.has(piece)
        },
        read: async () => junk(64),
      },
      wants: () => ({ pieces: shelf.locked(1024), urgent: 0, isSettled: true }),
      onChange: () => {
        pumps += 1
      },
    }),
  })
  const useless = Array.from({ length: 4_096 }, (_, i) => 2 ** 18 + 2 ** 17 + i)
  const peers = Array.from({ length: 50 }, () => new ScriptedPeer())
  for (const peer of peers) {
    rig.shop.opened(peer)
    rig.shop.received(peer, { ...rig.desk.desk.terms(), spans: useless })
  }
  await turn()
  await turn()
  const looksBefore = looks
  const before = pumps
  for (let piece = 0; piece < 100; piece++) {
    held.add(piece)
    rig.shop.verified(piece)
    await turn()
  }
  const each = Math.round((looks - looksBefore) / (pumps - before))
  t.ok(pumps - before >= 99, `${pumps - before} decisions`)
  t.ok(each < 100_000, `${each} looks at a piece each, of 2^18`)
  t.ok(peers.every(({ sent }) => sent.every(({ type }) => type !== 'ask')))
  await rig.close()
  await small.close()
})
