import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import type { Buying } from '../../src/client/buying.ts'
import { ViewSource } from '../../src/client/view-source.ts'
import { leafOf } from '../../src/core/geometry.ts'
import { Shelf } from '../../src/market/shelf.ts'
import { keyOf } from '../../torrents/keys.ts'
import { RecordBook } from '../../torrents/records.ts'
import { type Shelf as Sample, shelf as sample } from '../torrents/sealed.ts'

interface Scene {
  readonly sealed: Sample
  readonly source: ViewSource
  readonly held: Set<number>
  readonly shelf: Shelf
  readonly book: RecordBook
  /** What the swarm was asked for, each time. */
  readonly fetched: (readonly number[])[]
  wakes: () => number
  plain(piece: number): Uint8Array
  close(): void
}

async function scene(pieces = 8): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'lnt-view-'))
  const sealed = await sample(folder, pieces)
  const { torrent } = sealed
  const held = new Set<number>()
  const shelf = new Shelf(torrent, [], (piece) => held.has(piece))
  const book = new RecordBook(torrent)
  const fetched: (readonly number[])[] = []
  let wakes = 0
  const buying = {
    shelf,
    book,
    wake: () => {
      wakes += 1
    },
    live: {
      torrent,
      has: (piece: number) => held.has(piece),
      read: async (piece: number) => sealed.piece(piece),
      want: (wanted: readonly number[]) => void fetched.push(wanted),
    },
  } as unknown as Buying
  const [file] = torrent.files
  if (!file) throw new Error('no file')
  return {
    sealed,
    source: new ViewSource(buying, file),
    held,
    shelf,
    book,
    fetched,
    wakes: () => wakes,
    plain: (piece) => sealed.plain.slice(16 * piece, 16 * (piece + 1)),
    close: () => rmSync(folder, { recursive: true }),
  }
}

const never = new AbortController().signal

test('view: what a reader waits for comes first, then the rest in the order asked', async (t) => {
  const s = await scene()
  for (const piece of [2, 3, 4]) s.source.piece(piece, never).catch(() => undefined)
  t.deepEqual(s.source.wants(), { pieces: [2, 3, 4], urgent: 0, isSettled: false })
  s.source.hurry(4)
  s.source.hurry(7)
  t.deepEqual(s.source.wants(), { pieces: [4, 2, 3], urgent: 1, isSettled: false })
  t.ok(s.wakes() >= 4, 'the shop is told')
  t.deepEqual(s.fetched.at(-1)?.slice(0, 3), [4, 2, 3], 'the swarm too')
  t.deepEqual(
    s.fetched[0],
    [0, 1, 2, 3, 4, 5, 6, 7],
    'ciphertext is fetched before anything is asked for',
  )
  s.source.close(new Error('end'))
  s.close()
})

test('view: everybody who waits for a piece gets it, and it is not wanted any more', async (t) => {
  const s = await scene()
  const both = Promise.all([s.source.piece(1, never), s.source.piece(1, never)])
  s.source.give(1, s.plain(1))
  t.deepEqual(await both, [s.plain(1), s.plain(1)])
  t.deepEqual(s.source.wants().pieces, [])
  t.ok(s.source.has(1))
  t.deepEqual(await s.source.piece(1, never), s.plain(1), 'from the cache')
  s.source.give(5, s.plain(5))
  t.ok(s.source.has(5), 'what comes unasked is kept')
  s.close()
})

test('view: a piece is wanted as long as somebody waits for it', async (t) => {
  const s = await scene()
  const [first, second] = [new AbortController(), new AbortController()]
  const waits = [s.source.piece(1, first.signal), s.source.piece(1, second.signal)]
  const ended = Promise.allSettled(waits)
  s.source.hurry(1)
  first.abort()
  t.deepEqual(s.source.wants().pieces, [1])
  second.abort()
  t.deepEqual(s.source.wants(), { pieces: [], urgent: 0, isSettled: false })
  t.deepEqual(
    (await ended).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  const third = s.source.piece(1, never)
  t.deepEqual(s.source.wants().pieces, [1], 'and again')
  s.source.give(1, s.plain(1))
  t.deepEqual(await third, s.plain(1))
  await s.source.piece(1, AbortSignal.abort()).then(
    () => t.fail('aborted before'),
    () => t.pass('an ask that is over is none'),
  )
  s.close()
})

test('view: what is bought and in hand is opened at once, checked when its record is known', async (t) => {
  const s = await scene()
  s.shelf.addKey(s.sealed.root)
  t.notOk(s.source.has(3), 'no ciphertext')
  s.held.add(3).add(4)
  t.ok(s.source.has(3))
  t.deepEqual(new Uint8Array(await s.source.piece(3, never)), s.plain(3))
  const record = s.sealed.table.get(leafOf(8, 4))
  if (!record) return t.fail('no record')
  s.book.addRecord(leafOf(8, 4), record)
  t.deepEqual(new Uint8Array(await s.source.piece(4, never)), s.plain(4))
  t.deepEqual(s.source.wants().pieces, [], 'nothing is bought')
  s.close()
})

test('view: a key that opens something else is not played', async (t) => {
  const s = await scene()
  s.held.add(0)
  const leaf = leafOf(8, 0)
  s.shelf.addKey({ span: leaf, key: keyOf(s.sealed.root, leaf + 1) })
  const record = s.sealed.table.get(leaf)
  if (record) s.book.addRecord(leaf, record)
  await s.source.piece(0, never).then(
    () => t.fail('played'),
    (err: unknown) => t.match(String(err), /BAD_KEY/),
  )
  s.close()
})

test('view: when nothing more comes, whoever waits and whoever asks is told', async (t) => {
  const s = await scene()
  s.source.give(2, s.plain(2))
  const waiting = s.source.piece(1, never)
  s.source.close(new Error('the publisher has lied'))
  s.source.close(new Error('closing'))
  for (const asked of [waiting, s.source.piece(4, never)])
    await asked.then(
      () => t.fail('came'),
      (err: unknown) => t.match(String(err), /has lied/),
    )
  t.deepEqual(await s.source.piece(2, never), s.plain(2), 'what is here is played')
  t.deepEqual(s.source.wants().pieces, [])
  s.close()
})

test('view: what was read longest ago makes room', async (t) => {
  const s = await scene()
  const big = (): Uint8Array => new Uint8Array(16)
  for (let i = 0; i < 2 ** 21 + 8; i += 2 ** 18) s.source.give(i, big())
  t.ok(s.source.has(2 ** 20))
  t.notOk(s.source.has(1))
  s.close()
})
