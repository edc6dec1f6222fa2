import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { leafOf } from '../../src/core/geometry.ts'
import { Shelf } from '../../src/market/shelf.ts'
import { keyOf } from '../../torrents/keys.ts'
import { type Shelf as Sample, shelf as sample } from '../torrents/sealed.ts'

async function withSample(pieces: number, run: (sealed: Sample) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lnt-shelf-'))
  try {
    run(await sample(folder, pieces))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const never = (): boolean => false

test('shelf: a key of any span above opens a piece', async (t) => {
  await withSample(5, ({ torrent, root }) => {
    const key = keyOf(root, 2)
    const held = new Shelf(torrent, [{ span: 2, key }], never)
    for (const piece of [0, 1, 2, 3]) {
      t.deepEqual(held.leafKey(piece), keyOf(root, leafOf(5, piece)))
      t.ok(held.isKeyed(piece) && !held.isLocked(piece) && !held.isFree(piece))
    }
    t.equal(held.leafKey(4), undefined)
    t.ok(held.isLocked(4) && !held.isKeyed(4))
    t.equal(held.keyedCount, 4)
    t.deepEqual(held.locked(9), [4])
    t.ok(held.holdsUnder(1) && held.holdsUnder(8) && !held.holdsUnder(3))
  })
})

test('shelf: what is given away is free, also when it was bought as well, and does not count as opened', async (t) => {
  await withSample(4, ({ torrent, root }) => {
    const free = [{ span: 2, key: keyOf(root, 2) }]
    const held = new Shelf({ ...torrent, free }, [{ span: 4, key: keyOf(root, 4) }], never)
    t.ok(held.isFree(0) && held.isFree(1) && held.isKeyed(1))
    t.notOk(held.holdsUnder(2), 'nothing of it was paid for')
    held.addKey(root)
    t.ok(held.isFree(0) && !held.isFree(2))
    for (const piece of [0, 2, 2]) held.markOpened(piece)
    t.equal(held.openedCount, 1)
    t.ok(held.isOpened(0) && held.isOpened(2) && !held.isOpened(3))
  })
})

test('shelf: a piece is locked again when its last purchase ends without a key', async (t) => {
  await withSample(4, ({ torrent, root }) => {
    const held = new Shelf(torrent, [], never)
    held.begin(2)
    held.begin(4)
    t.deepEqual(held.locked(9), [2, 3])
    t.equal(held.keyedCount, 0)
    held.end(4)
    t.deepEqual(held.locked(9), [2, 3], 'piece 0 is still being bought with piece 1')
    held.end(2)
    t.deepEqual(held.locked(9), [0, 1, 2, 3])
    held.end(2)
    held.begin(5)
    held.addKey({ span: 5, key: keyOf(root, 5) })
    held.end(5)
    t.ok(held.isKeyed(1), 'a key stays')
  })
})

test('shelf: the first locked pieces are found again wherever keys come and go', async (t) => {
  await withSample(9, ({ torrent, root }) => {
    const held = new Shelf(torrent, [], never)
    t.deepEqual(held.locked(2), [0, 1])
    held.begin(1)
    t.deepEqual(held.locked(2), [])
    held.addKey({ span: 16, key: keyOf(root, 16) })
    held.end(1)
    t.deepEqual(held.locked(2), [1, 2])
    held.addKey(root)
    t.deepEqual(held.locked(2), [])
    t.equal(held.keyedCount, 9)
  })
})

test('shelf: what was paid for ciphertext not held shrinks as it comes, or the money comes back', async (t) => {
  await withSample(4, ({ torrent }) => {
    const inHand = new Set([0])
    const held = new Shelf(torrent, [], (piece) => inHand.has(piece))
    const half = { span: 2, amountMsat: 10_000n }
    const whole = { span: 1, amountMsat: 10_000n }
    held.paid(half)
    held.paid(whole)
    t.equal(held.aheadMsat(), 5_000n + 7_500n)
    held.unpaid(whole)
    t.equal(held.aheadMsat(), 5_000n)
    inHand.add(1)
    t.equal(held.aheadMsat(), 0n)
  })
})
