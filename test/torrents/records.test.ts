import fc from 'fast-check'
import test from 'tape'
import { concat, equal } from '../../src/core/bytes.ts'
import { covers, depthOf, exists, leafOf, MAX_PIECES } from '../../src/core/geometry.ts'
import {
  RECORD_BYTES,
  RecordBook,
  recordTable,
  rowsBytes,
  verifyRecord,
} from '../../torrents/records.ts'
import { codeOf } from './thrown.ts'

/** Rows of made-up records: kc and cv of the span number, pt only for leaves. */
function madeUp(pieces: number): Uint8Array {
  const rows = new Uint8Array(rowsBytes(pieces))
  for (let span = 1; span < 2 ** (depthOf(pieces) + 1); span++) {
    if (!exists(pieces, span)) continue
    const row = rows.subarray(RECORD_BYTES * span, RECORD_BYTES * (span + 1)).fill(span % 255 || 1)
    if (span < leafOf(pieces, 0)) row.fill(0, 32, 64)
  }
  return rows
}

const sizes = fc.integer({ min: 1, max: 1_500 })

test('records: a book asks for what it misses, then knows the span and every piece under it', (t) => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), (pieces, a, b) => {
      const table = recordTable(madeUp(pieces), pieces)
      const book = new RecordBook({ pieces, root: table.root })
      for (const pick of [a, b]) {
        const span = 1 + (pick % (2 ** (depthOf(pieces) + 1) - 1))
        for (const { span: of, level } of book.missing(span)) {
          const run = table.run(of, level)
          if (run === undefined) return false
          book.add(of, level, run.rows, run.rpath)
        }
        if (book.missing(span).length > 0) return false
        if (!exists(pieces, span)) continue
        const { first, count } = covers(pieces, span)
        const known = [span, leafOf(pieces, first), leafOf(pieces, first + count - 1)]
        for (const v of known) {
          const record = book.get(v)
          if (record === undefined || !equal(record.rpath, table.get(v)?.rpath ?? record.kc))
            return false
          verifyRecord({ pieces, root: table.root }, v, record)
        }
      }
      return true
    }),
    { numRuns: 60, seed: 1 },
  )
  t.pass('seed 1')
  t.end()
})

test('records: no run asked for holds more than 512 rows, and none is asked for twice', (t) => {
  const pieces = 1_300
  const table = recordTable(madeUp(pieces), pieces)
  const book = new RecordBook({ pieces, root: table.root })
  const first = book.missing(leafOf(pieces, 700))
  t.deepEqual(first, [{ span: leafOf(pieces, 700), level: 0 }], 'a single piece: its own row')
  const run = table.run(leafOf(pieces, 700), 0)
  if (run) book.add(leafOf(pieces, 700), 0, run.rows, run.rpath)
  const all = book.missing(1)
  t.ok(all.every(({ level }) => level <= 9))
  const rows = all.map(({ span, level }) => {
    const found = table.run(span, level)
    if (found) book.add(span, level, found.rows, found.rpath)
    return 2 ** level
  })
  t.ok(rows.reduce((sum, count) => sum + count, 0) <= 2_048 + 1, 'no row twice')
  t.deepEqual(book.missing(1), [])
  t.equal(book.run(1, 9), undefined, 'rows between were not asked for, so they are not served')
  t.end()
})

test('records: a changed byte, length, level or span is BAD_PROOF and leaves the book as it was', (t) => {
  const pieces = 11
  const table = recordTable(madeUp(pieces), pieces)
  const book = new RecordBook({ pieces, root: table.root })
  const good = table.run(2, 3)
  if (good === undefined) throw new Error('no run')
  const { rows, rpath } = good
  const refused = (span: number, level: number, given: Uint8Array, path: Uint8Array): void => {
    t.equal(
      codeOf(() => book.add(span, level, given, path)),
      'BAD_PROOF',
    )
  }
  for (const i of [0, 95, 96 * 5 + 40, rows.length - 1]) refused(2, 3, rows.with(i, 77), rpath)
  for (const i of [0, rpath.length - 1]) refused(2, 3, rows, rpath.with(i, 77))
  refused(2, 3, rows.subarray(1), rpath)
  refused(2, 3, rows, rpath.subarray(32))
  refused(2, 3, rows, concat(rpath, rpath.subarray(32)))
  refused(2, 4, rows, rpath)
  refused(3, 3, rows, rpath)
  refused(2, -1, rows, rpath)
  refused(2, 1.5, rows, rpath)
  refused(0, 3, rows, rpath)
  refused(999, 0, rows.subarray(0, 96), rpath)
  refused(2, 10, new Uint8Array(96 * 1024), rpath)
  t.equal(book.get(16), undefined)
  t.deepEqual(book.missing(2), [
    { span: 2, level: 0 },
    { span: 2, level: 3 },
  ])
  book.add(2, 3, rows, rpath)
  t.deepEqual(book.missing(2), [{ span: 2, level: 0 }])
  t.end()
})

test('records: a row for a span that does not exist, or pt of an inner one, is refused', (t) => {
  for (const [at, why] of [
    [96 * 15 + 1, 'no such span'],
    [96 * 2 + 40, 'inner pt'],
  ] as const) {
    const rows = madeUp(5)
    const honest = recordTable(rows, 5)
    rows[at] = 1
    const { root } = recordTable(rows, 5)
    const book = new RecordBook({ pieces: 5, root })
    const [span, level] = why === 'inner pt' ? [2, 0] : [3, 2]
    const run = recordTable(rows, 5).run(span, level)
    t.equal(
      codeOf(() => run && book.add(span, level, run.rows, run.rpath)),
      'BAD_PROOF',
      why,
    )
    t.ok(honest.get(2))
  }
  t.end()
})

test('records: the largest torrent has one book of its own size', (t) => {
  const book = new RecordBook({ pieces: MAX_PIECES, root: new Uint8Array(32) })
  const runs = book.missing(1)
  t.equal(runs.length, 1 + MAX_PIECES / 512)
  t.equal(rowsBytes(MAX_PIECES), 96 * 2 ** 19)
  t.end()
})

test('records: a record from an offer is taken, a changed one is not', (t) => {
  const table = recordTable(madeUp(5), 5)
  const record = table.get(9)
  if (record === undefined) throw new Error('no record')
  const book = new RecordBook({ pieces: 5, root: table.root })
  const changed = { ...record, cv: record.cv.with(3, 1) }
  t.equal(
    codeOf(() => book.addRecord(9, changed)),
    'BAD_PROOF',
  )
  t.equal(book.get(9), undefined)
  book.addRecord(9, record)
  t.deepEqual(book.get(9), record)
  t.end()
})
