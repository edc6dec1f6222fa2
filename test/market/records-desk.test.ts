import { randomBytes } from 'node:crypto'
import test from 'tape'
import { REJECT } from '../../extensions/lnt-trade/message.ts'
import { equal } from '../../src/core/bytes.ts'
import { depthOf, exists, isLeaf, levelOf } from '../../src/core/geometry.ts'
import { GETRECORDS } from '../../src/core/limits.ts'
import { Admission } from '../../src/market/admission.ts'
import { RecordsDesk } from '../../src/market/records-desk.ts'
import {
  RECORD_BYTES,
  RecordBook,
  type Records,
  type RecordTable,
  recordTable,
  rowsBytes,
} from '../../torrents/records.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { VirtualClock } from './virtual-clock.ts'

const PIECES = 11

function table(): RecordTable {
  const rows = new Uint8Array(rowsBytes(PIECES))
  for (let span = 1; span < 2 ** (depthOf(PIECES) + 1); span++) {
    if (!exists(PIECES, span)) continue
    rows.set(randomBytes(RECORD_BYTES), RECORD_BYTES * span)
    if (!isLeaf(PIECES, span)) rows.fill(0, RECORD_BYTES * span + 32, RECORD_BYTES * span + 64)
  }
  return recordTable(rows, PIECES)
}

function serving(records: Records): {
  clock: VirtualClock
  peer: ScriptedPeer
  get: (span: number, level: number, id?: number) => ReturnType<ScriptedPeer['sent']['at']>
} {
  const clock = new VirtualClock()
  const admission = new Admission(clock)
  const desk = new RecordsDesk({ pieces: PIECES, records, admission })
  const peer = new ScriptedPeer()
  admission.opened(peer)
  return {
    clock,
    peer,
    get: (span, level, id = 1) => {
      desk.received(peer, { type: 'getrecords', id, span, level })
      return peer.sent.at(-1)
    },
  }
}

test('records desk: every run of a publisher folds to the root, in a book that knew nothing', (t) => {
  const full = table()
  const { get, clock } = serving(full)
  let runs = 0
  for (let span = 1; span < 32; span++)
    for (let level = 0; exists(PIECES, span) && levelOf(span) + level <= depthOf(PIECES); level++) {
      const book = new RecordBook({ pieces: PIECES, root: full.root })
      const answer = get(span, level, 7)
      if (answer?.type !== 'records') return t.fail(`span ${span} level ${level}`)
      t.deepEqual([answer.id, answer.span, answer.level], [7, span, level])
      book.add(span, level, answer.rows, answer.rpath)
      runs += 1
      clock.pass(1_000)
    }
  t.ok(runs > 30, `${runs} runs`)
  t.end()
})

test('records desk: a buyer serves what it has verified, byte for byte, and nothing else', (t) => {
  const full = table()
  const book = new RecordBook({ pieces: PIECES, root: full.root })
  const run = full.run(4, 2)
  if (!run) return t.fail('no run')
  book.add(4, 2, run.rows, run.rpath)
  const { get } = serving(book)
  const ours = get(4, 2)
  t.ok(ours?.type === 'records' && equal(ours.rows, run.rows) && equal(ours.rpath, run.rpath))
  const part = get(9, 1)
  const want = full.run(9, 1)
  t.ok(part?.type === 'records' && want && equal(part.rows, want.rows), 'a part of it')
  for (const [span, level] of [
    [5, 2],
    [1, 0],
    [2, 3],
  ] as const) {
    const answer = get(span, level)
    t.equal(answer?.type === 'reject' && answer.code, REJECT.noKey, `span ${span} level ${level}`)
  }
  t.end()
})

test('records desk: rejects with 7 what is no run of the torrent', (t) => {
  const { get } = serving(table())
  for (const [span, level] of [
    [0, 0],
    [32, 0],
    [2 ** 32 - 1, 9],
    [7, 3],
    [1, 5],
    [16, 1],
    [29, 0],
  ] as const) {
    const answer = get(span, level)
    t.equal(answer?.type === 'reject' && answer.code, REJECT.badSpan, `span ${span} level ${level}`)
  }
  t.end()
})

test('records desk: beyond 32 at once and 10 a second it rejects with 4 and says how long to wait', (t) => {
  const { get, clock, peer } = serving(table())
  for (let i = 0; i < GETRECORDS.burst; i++) t.equal(get(1, 0)?.type, 'records')
  const answer = get(1, 0)
  if (answer?.type !== 'reject') return t.fail('served')
  t.equal(answer.code, REJECT.busy)
  t.ok(answer.waitMs)
  clock.pass(answer.waitMs ?? 0)
  t.equal(get(1, 0)?.type, 'records')
  clock.pass(500)
  for (let i = 0; i < 5; i++) t.equal(get(1, 0)?.type, 'records')
  t.equal(get(1, 0)?.type, 'reject')
  t.equal(peer.dropped, undefined)
  t.end()
})
