import { setImmediate as turn } from 'node:timers/promises'
import test from 'tape'
import type { GetRecords, Message } from '../../extensions/lnt-trade/message.ts'
import type { Run } from '../../src/core/geometry.ts'
import { NO_ROWS_MS, Rows } from '../../src/market/rows.ts'
import { Sellers } from '../../src/market/sellers.ts'
import { RecordBook, type RecordTable, recordTable } from '../../torrents/records.ts'
import { type DeskRig, deskRig } from './desk-rig.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { VirtualClock } from './virtual-clock.ts'

interface Scene {
  readonly rig: DeskRig
  readonly table: RecordTable
  readonly book: RecordBook
  readonly rows: Rows
  readonly sellers: Sellers
  readonly clock: VirtualClock
  readonly runs: Run[]
  readonly errors: unknown[]
  /** A peer that may be asked. */
  peer(): ScriptedPeer
  /** Hands an answer in. */
  answer(peer: ScriptedPeer, message: Message): void
}

async function scene(pieces: number, onRows?: () => void): Promise<Scene> {
  const rig = await deskRig({ pieces, c: 0 })
  const { torrent } = rig.sealed
  const clock = new VirtualClock()
  const book = new RecordBook(torrent)
  const sellers = new Sellers({ clock, pieces, ownNode: new Uint8Array(33) })
  const runs: Run[] = []
  const errors: unknown[] = []
  const rows = new Rows({
    pieces,
    book,
    sellers,
    clock,
    onRows: (run) => {
      runs.push(run)
      onRows?.()
    },
    onError: (err) => void errors.push(err),
  })
  return {
    rig,
    table: recordTable(rig.sealed.rows, pieces),
    book,
    rows,
    sellers,
    clock,
    runs,
    errors,
    peer: () => {
      const peer = new ScriptedPeer()
      sellers.add(peer)
      return peer
    },
    answer: (peer, message) => {
      const seller = sellers.get(peer)
      if (message.type === 'records' || message.type === 'reject') seller?.asks.received(message)
    },
  }
}

/** What the peer was asked last. */
function asked(peer: ScriptedPeer): GetRecords {
  const last = peer.sent.filter((message) => message.type === 'getrecords').at(-1)
  if (!last) throw new Error('not asked')
  return last
}

function right({ table }: Scene, { id, span, level }: GetRecords): Message {
  const run = table.run(span, level)
  if (!run) throw new Error('no such run')
  return { type: 'records', id, span, level, ...run }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await turn()
}

test('rows: one request a run, however often its pieces are wanted', async (t) => {
  const s = await scene(5)
  const peer = s.peer()
  s.rows.want([0, 1, 2])
  s.rows.want([3, 4])
  t.equal(peer.sent.length, 1)
  t.deepEqual([asked(peer).span, asked(peer).level], [1, 3])
  s.answer(peer, right(s, asked(peer)))
  await settle()
  t.deepEqual(s.runs, [{ first: 0, count: 5 }])
  t.ok(s.rows.isKnown(1) && s.rows.isKnown(2))
  s.rows.want([0, 4])
  t.equal(peer.sent.length, 1, 'what is known is not asked for')
  await s.rig.close()
})

test('rows: a long torrent is asked for in runs of 512, ahead of need', async (t) => {
  const s = await scene(1_100)
  const peer = s.peer()
  s.rows.want([500, 600, 1_099])
  const runs = peer.sent.flatMap((m) => (m.type === 'getrecords' ? [[m.span, m.level]] : []))
  t.deepEqual(runs, [
    [4, 9],
    [5, 9],
    [6, 9],
  ])
  for (const message of peer.sent)
    if (message.type === 'getrecords') s.answer(peer, right(s, message))
  await settle()
  t.ok(s.rows.isKnown(4) && s.rows.isKnown(6))
  t.equal(s.runs.at(-1)?.count, 76)
  await s.rig.close()
})

test('rows: who has none is left alone for a while, and the next is asked', async (t) => {
  const s = await scene(5)
  const [first, second] = [s.peer(), s.peer()]
  s.rows.want([0])
  s.answer(first, { type: 'reject', id: asked(first).id, code: 1, text: '' })
  await settle()
  t.equal(second.sent.length, 1)
  s.clock.pass(10_000)
  await settle()
  s.rows.want([0])
  t.deepEqual([first.sent.length, second.sent.length], [1, 1], 'neither at once again')
  s.clock.pass(NO_ROWS_MS)
  s.rows.want([0])
  t.equal(first.sent.length, 2)
  s.answer(first, right(s, asked(first)))
  await settle()
  t.ok(s.rows.isKnown(1))
  await s.rig.close()
})

test('rows: who is too busy is asked again as soon as it said, but not in a thousand years', async (t) => {
  const s = await scene(5)
  const peer = s.peer()
  s.rows.want([0])
  s.answer(peer, { type: 'reject', id: asked(peer).id, code: 4, text: '', waitMs: 200 })
  await settle()
  s.clock.pass(200)
  s.rows.want([0])
  t.equal(peer.sent.length, 2)
  s.answer(peer, { type: 'reject', id: asked(peer).id, code: 4, text: '', waitMs: 2 ** 40 })
  await settle()
  s.clock.pass(NO_ROWS_MS)
  s.rows.want([0])
  t.equal(peer.sent.length, 3)
  await s.rig.close()
})

test('rows: rows that do not fold, or of another run, drop the peer, and the next is asked', async (t) => {
  const s = await scene(5)
  const spoil: ((honest: Message) => Message)[] = [
    (m) => ({ ...m, rows: new Uint8Array(96 * 8) }) as Message,
    (m) => ({ ...m, rpath: new Uint8Array(32) }) as Message,
    (m) => ({ ...m, rows: new Uint8Array(96) }) as Message,
    (m) => ({ ...m, span: 2, level: 2 }) as Message,
    (m) => ({ ...m, level: 2 }) as Message,
  ]
  for (const lie of spoil) {
    const liar = s.peer()
    s.rows.want([0])
    s.answer(liar, lie(right(s, asked(liar))))
    await settle()
    t.match(String(liar.dropped), /BAD_(PROOF|PEER)/)
    t.notOk(s.rows.isKnown(8))
  }
  const honest = s.peer()
  s.rows.want([0])
  s.answer(honest, right(s, asked(honest)))
  await settle()
  t.ok(s.rows.isKnown(1))
  t.deepEqual(s.errors, [])
  await s.rig.close()
})

test('rows: nobody is asked after the end, and what comes then is left aside', async (t) => {
  const s = await scene(5)
  s.rows.want([0])
  const peer = s.peer()
  s.rows.want([0])
  const question = asked(peer)
  s.rows.close()
  s.answer(peer, right(s, question))
  await settle()
  s.rows.want([0])
  t.equal(peer.sent.length, 1)
  t.deepEqual(s.runs, [])
  await s.rig.close()
})

test('rows: what fails on our side is told', async (t) => {
  const s = await scene(5, () => {
    throw new Error('ours')
  })
  const peer = s.peer()
  s.rows.want([0])
  s.answer(peer, right(s, asked(peer)))
  await settle()
  t.match(String(s.errors), /ours/)
  t.equal(peer.dropped, undefined)
  await s.rig.close()
})
