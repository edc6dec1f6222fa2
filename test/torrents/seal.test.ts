import { appendFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { equal, toHex } from '../../src/core/bytes.ts'
import { MAX_PIECES, piecesOf } from '../../src/core/geometry.ts'
import { sha1 } from '../../torrents/hash.ts'
import { couponsFor, pieceBytesFor, sealingCost } from '../../torrents/piece-length.ts'
import { type SealOptions, type SealProgress, seal } from '../../torrents/seal.ts'
import { findSources } from '../../torrents/sources.ts'
import { folder } from './folder.ts'
import { ciphertext, MASTER, shelf } from './sealed.ts'
import { codeOf, rejectedWith } from './thrown.ts'

const MIB = 2 ** 20
const content = (bytes: number): Uint8Array => new Uint8Array(bytes).map((_, i) => (i * 31) % 253)
const options: SealOptions = { master: MASTER, name: 'film', pieceBytes: 4_096, c: 1 }

test('seal: the same file and master give the same torrent, with threads or without', async (t) => {
  const source = join(folder(t, { film: content(200_001) }), 'film')
  const sources = [{ source, path: ['film'] }]
  const made = []
  for (const threads of [0, 1, 3]) made.push(await seal(sources, { ...options, c: 4, threads }))
  t.equal(new Set(made.map(({ torrent }) => toHex(torrent.infoSha256))).size, 1)
  t.equal(new Set(made.map(({ rows }) => toHex(rows))).size, 1)
  const other = await seal(sources, { ...options, c: 4, master: MASTER.with(0, 1) })
  t.notEqual(toHex(other.torrent.infoHash), toHex(made[0]?.torrent.infoHash ?? MASTER))
})

test('seal: `pieces` are the hashes of the ciphertext', async (t) => {
  const made = await shelf(folder(t, {}), 7, 5)
  const sealed = ciphertext(made)
  t.equal(sealed.length, made.plain.length, 'as long as the plaintext')
  for (let i = 0; i < 7; i++) {
    const hash = made.torrent.pieceHashes.subarray(20 * i, 20 * (i + 1))
    t.ok(equal(sha1(sealed.subarray(16 * i, 16 * (i + 1))), hash), `piece ${i}`)
  }
})

test('seal: several files are one piece space in their order, as one file is', async (t) => {
  const all = content(20_000)
  const path = folder(t, {
    film: all,
    'set/b.bin': all.subarray(0, 5_000),
    'set/c/empty': '',
    'set/c/z.bin': all.subarray(5_000),
    'set/.hidden': 'x',
    'set/Thumbs.db': 'x',
  })
  const set = findSources([join(path, 'set')])
  t.deepEqual(
    set.sources.map((one) => one.path),
    [['b.bin'], ['c', 'empty'], ['c', 'z.bin']],
  )
  t.deepEqual([set.name, set.isFolder], ['set', true])
  const many = await seal(set.sources, { ...options, name: set.name, isFolder: true })
  const one = await seal(findSources([join(path, 'film')]).sources, options)
  t.equal(toHex(many.torrent.salt), toHex(one.torrent.salt))
  t.equal(toHex(many.torrent.pieceHashes), toHex(one.torrent.pieceHashes))
  t.deepEqual(
    many.torrent.files.map(({ bytes, offset }) => [bytes, offset]),
    [
      [5_000, 0],
      [0, 5_000],
      [15_000, 5_000],
    ],
  )
  t.deepEqual([one.torrent.isFolder, many.torrent.isFolder], [false, true])
  const turned = findSources([join(path, 'set/c/z.bin'), join(path, 'set/b.bin')], 'turned')
  t.deepEqual(
    turned.sources.map((source) => source.path),
    [['z.bin'], ['b.bin']],
    'order is kept',
  )
})

test('seal: progress goes over all bytes in both phases and never back', async (t) => {
  const source = join(folder(t, { film: content(3 * MIB) }), 'film')
  const seen: SealProgress[] = []
  const onProgress = (progress: SealProgress): unknown => seen.push(progress)
  await seal([{ source, path: ['film'] }], {
    ...options,
    pieceBytes: MIB / 4,
    c: 12,
    onProgress,
    threads: 2,
  })
  for (const phase of ['reading', 'sealing']) {
    const done = seen.filter((one) => one.phase === phase).map((one) => one.bytesDone)
    t.equal(done.at(-1), 3 * MIB, phase)
    t.ok(done.length > 2)
    t.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
    )
  }
})

for (const threads of [0, 2])
  for (const phase of ['reading', 'sealing'] as const)
    test(`seal: is stopped while ${phase} with ${threads} threads`, async (t) => {
      const source = join(folder(t, { film: content(3 * MIB) }), 'film')
      const stop = new AbortController()
      const why = new Error('enough')
      const onProgress = (progress: SealProgress): void => {
        if (progress.phase === phase) stop.abort(why)
      }
      const { signal } = stop
      const made = seal([{ source, path: ['film'] }], {
        ...options,
        c: 6,
        onProgress,
        signal,
        threads,
      })
      t.equal(await rejectedWith(made), why)
    })

for (const phase of ['reading', 'sealing'] as const)
  for (const [name, change] of Object.entries({
    grows: (file: string) => appendFileSync(file, 'x'),
    shrinks: (file: string) => writeFileSync(file, 'x'),
    'is touched': (file: string) => utimesSync(file, 1, 1),
  }))
    test(`seal: FILE_CHANGED when the file ${name} while ${phase}`, async (t) => {
      const source = join(folder(t, { film: content(3 * MIB) }), 'film')
      let changed = false
      const onProgress = (progress: SealProgress): void => {
        if (progress.phase !== phase || changed) return
        changed = true
        change(source)
      }
      const made = seal([{ source, path: ['film'] }], { ...options, onProgress, threads: 2 })
      t.equal(await rejectedWith(made), 'FILE_CHANGED')
      t.ok(changed)
    })

test('seal: what cannot be sealed is one typed error', async (t) => {
  const path = folder(t, { film: content(100), empty: '', con: 'x' })
  mkdirSync(join(path, 'none'))
  const film = [{ source: join(path, 'film'), path: ['film'] }]
  const refused = async (code: string, sources: typeof film, given: Partial<SealOptions> = {}) =>
    t.equal(await rejectedWith(seal(sources, { ...options, ...given })), code)
  await refused('BAD_INPUT', [])
  await refused('BAD_INPUT', [{ source: join(path, 'empty'), path: ['film'] }])
  await refused('BAD_INPUT', [{ source: path, path: ['film'] }])
  await refused('FILE_SYSTEM', [{ source: join(path, 'gone'), path: ['film'] }])
  await refused('BAD_INPUT', film, { name: '..' })
  await refused('BAD_INPUT', film, { name: 'CON' })
  await refused('BAD_INPUT', film, { pieceBytes: 0 })
  await refused('BAD_INPUT', film, { pieceBytes: 1.5 })
  await refused('BAD_INPUT', film, { c: 17 })
  await refused('BAD_INPUT', film, { c: 0.5 })
  await refused('BAD_INPUT', film, { free: [1, 2], pieceBytes: 16 })
  await refused('BAD_INPUT', film, { free: [9], pieceBytes: 100 })
  t.equal(
    codeOf(() => findSources([])),
    'BAD_INPUT',
  )
  t.equal(
    codeOf(() => findSources([join(path, 'film'), join(path, 'con')])),
    'BAD_INPUT',
  )
  t.equal(
    codeOf(() => findSources([join(path, 'none')])),
    'BAD_INPUT',
  )
  t.equal(
    codeOf(() => findSources([join(path, 'gone')])),
    'FILE_SYSTEM',
  )
})

test('seal: an anonymous torrent has a publisher key of its own', async (t) => {
  const sources = [{ source: join(folder(t, { film: content(100) }), 'film'), path: ['film'] }]
  const known = await seal(sources, options)
  const hidden = await seal(sources, { ...options, anonymous: true })
  t.notEqual(toHex(known.torrent.pk), toHex(hidden.torrent.pk))
  t.equal(toHex(known.torrent.root), toHex(hidden.torrent.root))
})

test('sealing plan: piece lengths are powers of two, few pieces, 256 KiB above 64 MiB', (t) => {
  const cases = [
    [1, 16_384],
    [20 * MIB, 16_384],
    [30 * MIB, 32_768],
    [64 * MIB, 65_536],
    [64 * MIB + 1, 262_144],
    [1_024 * MIB, MIB],
    [2 ** 33, 4 * MIB * 2],
  ] as const
  for (const [totalBytes, most] of cases) {
    const pieceBytes = pieceBytesFor(totalBytes)
    t.ok(
      pieceBytes <= most && pieceBytes >= 16_384 && Number.isInteger(Math.log2(pieceBytes)),
      `${totalBytes}: ${pieceBytes}`,
    )
  }
  t.equal(pieceBytesFor(65 * MIB), 262_144)
  t.equal(pieceBytesFor(2 ** 36), 4 * MIB)
  for (let bytes = 1; bytes < 2 ** 45; bytes *= 3) {
    const pieces = piecesOf(bytes, pieceBytesFor(bytes))
    t.ok(pieces <= (bytes < 2 ** 32 ? 1_500 : MAX_PIECES), `${bytes}: ${pieces} pieces`)
  }
  t.end()
})

test('sealing plan: coupons by buyers, and a cost that grows with them', (t) => {
  t.deepEqual([1, 2, 3, 200, 256, 257, 65_536, 1e9].map(couponsFor), [0, 1, 2, 8, 8, 9, 16, 16])
  for (const wrong of [0, -1, 1.5, Number.NaN])
    t.equal(
      codeOf(() => couponsFor(wrong)),
      'BAD_INPUT',
    )
  const cost = sealingCost(5 * 16, 16, 2)
  t.deepEqual([cost.pieces, cost.spans, cost.coupons], [5, 11, 44])
  t.ok(sealingCost(2 ** 30, MIB, 9).cpuSeconds > sealingCost(2 ** 30, MIB, 8).cpuSeconds)
  t.end()
})
