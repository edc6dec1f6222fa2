import fc from 'fast-check'
import test from 'tape'
import {
  covers,
  depthOf,
  exists,
  isLeaf,
  isUnder,
  leafOf,
  levelOf,
  maximalSpans,
  pieceLength,
  piecesOf,
} from '../../src/core/geometry.ts'

const MOST = 40
const counts = Array.from({ length: MOST }, (_, i) => i + 1)

function spansOf(pieces: number): number[] {
  return Array.from({ length: 2 ** (depthOf(pieces) + 1) }, (_, v) => v).filter((v) =>
    exists(pieces, v),
  )
}

function piecesUnder(pieces: number, span: number): number[] {
  const { first, count } = covers(pieces, span)
  return Array.from({ length: count }, (_, i) => first + i)
}

test('geometry: a span covers what its children cover, and a leaf its own piece (n = 1 to 40)', (t) => {
  for (const n of counts) {
    const wrong = spansOf(n).filter((v) => {
      const under = isLeaf(n, v)
        ? [v - 2 ** depthOf(n)]
        : [2 * v, 2 * v + 1].flatMap((child) => piecesUnder(n, child))
      return String(piecesUnder(n, v)) !== String(under)
    })
    t.deepEqual(wrong, [], `n = ${n}`)
    t.deepEqual(covers(n, 1), { first: 0, count: n })
  }
  t.end()
})

test('geometry: 0, fractions and spans past the end of the heap or of the torrent do not exist', (t) => {
  for (const span of [0, -1, 1.5, 16, Number.NaN]) t.notOk(exists(5, span), String(span))
  t.deepEqual(spansOf(5), [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12])
  t.deepEqual(spansOf(1), [1])
  t.end()
})

test('geometry: a span is under another when its pieces are, and it is no higher', (t) => {
  for (const n of counts)
    for (const piece of piecesUnder(n, 1)) {
      const leaf = leafOf(n, piece)
      const above = spansOf(n).filter((v) => isUnder(leaf, v))
      t.equal(above.length, depthOf(n) + 1)
      if (!above.every((v) => piecesUnder(n, v).includes(piece) && levelOf(v) <= levelOf(leaf)))
        t.fail(`n = ${n}, piece ${piece}`)
    }
  t.end()
})

test('geometry: the pieces of a torrent are as long as it is, and only the last can be short', (t) => {
  for (const total of [1, 15, 16, 17, 32, 100]) {
    const lengths = Array.from({ length: piecesOf(total, 16) }, (_, i) => pieceLength(total, 16, i))
    t.equal(
      lengths.reduce((sum, bytes) => sum + bytes, 0),
      total,
    )
    t.ok(lengths.slice(0, -1).every((bytes) => bytes === 16))
  }
  t.end()
})

test('geometry: maximal spans cover exactly the pieces that are held, and no two have a full parent', (t) => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: MOST }), (held) => {
      const n = held.length
      const spans = maximalSpans(n, (piece) => held[piece] ?? false)
      const covered = spans.flatMap((v) => piecesUnder(n, v)).sort((a, b) => a - b)
      const wanted = held.flatMap((isHeld, piece) => (isHeld ? [piece] : []))
      const isFull = (v: number): boolean => piecesUnder(n, v).every((piece) => held[piece])
      return (
        String(covered) === String(wanted) &&
        spans.every((v, i) => i === 0 || v > (spans[i - 1] ?? 0)) &&
        spans.every((v) => v === 1 || !isFull(Math.floor(v / 2)))
      )
    }),
  )
  t.end()
})
