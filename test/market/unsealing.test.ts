import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import test from 'tape'
import { leafOf } from '../../src/core/geometry.ts'
import { Shelf } from '../../src/market/shelf.ts'
import { Unsealing, type UnsealingPorts } from '../../src/market/unsealing.ts'
import { keyOf } from '../../torrents/keys.ts'
import { OPEN_HERE } from '../../torrents/piece-opener.ts'
import { RecordBook } from '../../torrents/records.ts'
import { type Shelf as Sample, shelf as sample } from '../torrents/sealed.ts'

interface Scene {
  readonly sealed: Sample
  readonly shelf: Shelf
  readonly book: RecordBook
  readonly held: Set<number>
  readonly given: [number, Uint8Array][]
  readonly errors: unknown[]
  readonly reads: number[]
  readonly unsealing: Unsealing
  /** Rows of all pieces come. */
  learn(): void
  calm(): Promise<void>
  close(): void
}

async function scene(pieces: number, own: Partial<UnsealingPorts> = {}): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'lnt-unsealing-'))
  const sealed = await sample(folder, pieces, 7)
  const { torrent } = sealed
  const held = new Set(Array.from({ length: pieces }, (_, piece) => piece))
  const shelf = new Shelf(torrent, [], (piece) => held.has(piece))
  const book = new RecordBook(torrent)
  const given: [number, Uint8Array][] = []
  const errors: unknown[] = []
  const reads: number[] = []
  const unsealing = new Unsealing({
    torrent,
    book,
    shelf,
    opener: OPEN_HERE,
    goods: {
      has: (piece) => held.has(piece),
      read: async (piece) => {
        reads.push(piece)
        return sealed.piece(piece)
      },
    },
    onPlain: async (piece, plaintext) => void given.push([piece, new Uint8Array(plaintext)]),
    onError: (err) => void errors.push(err),
    ...own,
  })
  return {
    sealed,
    shelf,
    book,
    held,
    given,
    errors,
    reads,
    unsealing,
    learn: () => {
      for (let piece = 0; piece < pieces; piece++) {
        const record = sealed.table.get(leafOf(pieces, piece))
        if (record) book.addRecord(leafOf(pieces, piece), record)
      }
    },
    calm: async () => {
      for (let i = 0; i < 20; i++) await turn()
    },
    close: () => rmSync(folder, { recursive: true }),
  }
}

test('unsealing: each piece goes out once, checked, in the order asked', async (t) => {
  const s = await scene(9)
  s.learn()
  s.shelf.addKey(s.sealed.root)
  for (const piece of [3, 0, 8, 3]) s.unsealing.add(piece)
  await s.calm()
  s.unsealing.add(3)
  await s.calm()
  t.deepEqual(
    s.given.map(([piece]) => piece),
    [3, 0, 8],
  )
  for (const [piece, plaintext] of s.given)
    t.deepEqual(plaintext, s.sealed.plain.subarray(16 * piece, 16 * (piece + 1)))
  t.equal(s.given[2]?.[1].length, 7, 'the odd last piece')
  t.equal(s.shelf.openedCount, 3)
  s.close()
})

test('unsealing: without key or ciphertext nothing is read', async (t) => {
  const s = await scene(3)
  s.unsealing.add(0)
  s.shelf.addKey(s.sealed.root)
  s.held.delete(1)
  s.unsealing.add(1)
  await s.calm()
  t.deepEqual(s.reads, [])
  s.close()
})

test('unsealing: without a record it plays on, and is checked when the record comes', async (t) => {
  const s = await scene(3)
  s.shelf.addKey(s.sealed.root)
  s.unsealing.add(0)
  await s.calm()
  t.equal(s.given.length, 1)
  t.notOk(s.shelf.isOpened(0), 'given out is not opened')
  s.unsealing.add(0)
  await s.calm()
  t.equal(s.reads.length, 1, 'not again before there is something to check against')
  s.learn()
  s.unsealing.add(0)
  await s.calm()
  t.ok(s.shelf.isOpened(0))
  t.equal(s.given.length, 1, 'it does not go out twice')
  s.close()
})

test('unsealing: a piece that misses its commitment is told once and never given out', async (t) => {
  const s = await scene(3)
  s.learn()
  s.shelf.addKey({ span: 4, key: keyOf(s.sealed.root, 5) })
  for (let i = 0; i < 3; i++) {
    s.unsealing.add(0)
    await s.calm()
  }
  t.equal(s.errors.length, 1)
  t.match(String(s.errors[0]), /BAD_KEY/)
  t.deepEqual([s.given.length, s.shelf.openedCount], [0, 0])
  s.close()
})

test('unsealing: a disk that does not read is told, and tried again', async (t) => {
  let isBroken = true
  const s = await scene(3, {
    goods: {
      has: () => true,
      read: async (piece) => {
        if (isBroken) throw new Error('disk')
        return s.sealed.piece(piece)
      },
    },
  })
  s.learn()
  s.shelf.addKey(s.sealed.root)
  s.unsealing.add(0)
  await s.calm()
  t.match(String(s.errors), /disk/)
  isBroken = false
  s.unsealing.add(0)
  await s.calm()
  t.equal(s.given.length, 1)
  s.close()
})

test('unsealing: what the check of a key decrypted is not decrypted again', async (t) => {
  const s = await scene(3)
  s.learn()
  const plaintext = s.sealed.plain.subarray(0, 16)
  s.unsealing.keep(0, plaintext)
  s.shelf.addKey(s.sealed.root)
  s.unsealing.settle(0)
  await s.calm()
  t.deepEqual(s.given, [[0, plaintext]])
  t.deepEqual(s.reads, [])
  t.ok(s.shelf.isOpened(0))
  s.unsealing.keep(0, plaintext)
  s.unsealing.settle(0)
  await s.calm()
  t.equal(s.given.length, 1)
  s.close()
})

test('unsealing: a purchase that ends without a key leaves nothing behind', async (t) => {
  const s = await scene(3)
  s.learn()
  s.unsealing.keep(0, new Uint8Array(16))
  s.unsealing.settle(0)
  s.shelf.addKey(s.sealed.root)
  s.unsealing.add(0)
  await s.calm()
  t.deepEqual(s.given[0]?.[1], s.sealed.plain.subarray(0, 16), 'read and decrypted anew')
  s.close()
})

test('unsealing: no more than 32 MiB of checked plaintext is kept', async (t) => {
  const s = await scene(3)
  s.learn()
  const big = new Uint8Array(17 * 2 ** 20)
  s.unsealing.keep(0, big)
  s.unsealing.keep(1, big)
  s.shelf.addKey(s.sealed.root)
  for (const piece of [0, 1]) s.unsealing.settle(piece)
  await s.calm()
  t.deepEqual(s.reads, [1], 'the second was not kept')
  s.close()
})

test('unsealing: after the end nothing goes out, and what fails then is nobody’s business', async (t) => {
  const slow = Promise.withResolvers<Uint8Array>()
  const s = await scene(3, { goods: { has: () => true, read: () => slow.promise } })
  s.learn()
  s.shelf.addKey(s.sealed.root)
  for (const piece of [0, 1, 2]) s.unsealing.add(piece)
  s.unsealing.close()
  s.unsealing.add(0)
  slow.reject(new Error('closed'))
  await s.calm()
  t.deepEqual([s.given, s.errors], [[], []])
  s.close()
})
