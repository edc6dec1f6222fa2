import { createHash } from 'node:crypto'
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import test from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import { openCacheFile } from '../../src/swarm/cache-file.ts'
import { makeSpace } from '../../src/swarm/cache-space.ts'
import { openPartFile, type PartFile } from '../../src/swarm/part-file.ts'
import type { PieceStore } from '../../src/swarm/piece-store.ts'
import { openSealedFiles, stampOf } from '../../src/swarm/sealed-files.ts'
import { makeSample, type Sample } from './rig.ts'

const SINGLE = [1_234_567]
const FOLDER = [100_000, 1, 65_536, 0, 300_000]

function pieceOf(sample: Sample, piece: number): Buffer {
  const { pieceBytes } = sample.torrent
  return Buffer.from(sample.ciphertext.subarray(piece * pieceBytes, (piece + 1) * pieceBytes))
}

async function readAll(store: PieceStore, sample: Sample): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for (let piece = 0; piece < sample.torrent.pieces; piece++)
    parts.push(await store.read(piece, 0, pieceOf(sample, piece).length))
  return Buffer.concat(parts)
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (err: unknown) =>
      err instanceof Error && 'detail' in err ? (err.message.split(' ')[0] ?? '') : String(err),
  )
}

for (const [shape, lengths] of Object.entries({ 'one file': SINGLE, 'a folder': FOLDER })) {
  test(`swarm: sealed files of ${shape} give any part of the ciphertext`, async (t) => {
    const sample = makeSample('sealed', lengths, 32_768)
    const store = await sample.store()
    t.teardown(async () => {
      await store.close()
      sample.remove()
    })
    t.ok((await readAll(store, sample)).equals(sample.ciphertext), 'whole pieces')
    const part = fc.record({ piece: fc.nat(sample.torrent.pieces - 1), a: fc.nat(), b: fc.nat() })
    await fc.assert(
      fc.asyncProperty(part, async ({ piece, a, b }) => {
        const whole = pieceOf(sample, piece)
        const offset = a % whole.length
        const length = 1 + (b % (whole.length - offset))
        const got = await store.read(piece, offset, length)
        return Buffer.from(got).equals(whole.subarray(offset, offset + length))
      }),
      { seed: 7, numRuns: 50 },
    )
  })

  test(`swarm: a part file of ${shape} goes from ciphertext to plaintext, and always serves ciphertext`, async (t) => {
    const sample = makeSample('part', lengths, 32_768)
    const target = join(sample.folder, 'target')
    const keys = new Set<number>()
    const cipherKeyOf = (piece: number) => (keys.has(piece) ? sample.keyOf(piece) : undefined)
    const { torrent } = sample
    const store = await openPartFile({ torrent, target, cipherKeyOf })
    t.teardown(async () => {
      await store.close()
      sample.remove()
    })
    for (let piece = 0; piece < torrent.pieces; piece++)
      await store.write(piece, pieceOf(sample, piece))
    t.ok((await readAll(store, sample)).equals(sample.ciphertext), 'as ciphertext')
    t.match(await codeOf(store.finish()), /RangeError/, 'not finished while a key is missing')
    t.notOk(existsSync(target), 'no final name')
    for (let piece = 0; piece < torrent.pieces; piece++) {
      keys.add(piece)
      await store.unlock(piece)
    }
    t.ok((await readAll(store, sample)).equals(sample.ciphertext), 'as plaintext')
    await store.finish()
    const files = torrent.files.map(({ path }) =>
      readFileSync(torrent.isFolder ? join(target, ...path) : target),
    )
    t.ok(Buffer.concat(files).equals(sample.plaintext), 'the files are the plaintext')
    t.notOk(existsSync(`${target}.part`), 'nothing is left of the part')
    t.ok((await readAll(store, sample)).equals(sample.ciphertext), 'served after that')
  })
}

/** Opens a part file again and says which pieces it found. */
async function reopened(
  sample: Sample,
  target: string,
  known: (piece: number) => boolean,
): Promise<{ store: PartFile; found: number[] }> {
  const cipherKeyOf = (piece: number) => (known(piece) ? sample.keyOf(piece) : undefined)
  const store = await openPartFile({ torrent: sample.torrent, target, cipherKeyOf })
  const found: number[] = []
  for (let piece = 0; piece < sample.torrent.pieces; piece++)
    if (await store.find(piece)) found.push(piece)
  return { store, found }
}

test('swarm: a part file cut anywhere in the middle of rewriting a piece loses that piece only', async (t) => {
  const sample = makeSample('crash', SINGLE, 65_536)
  t.teardown(() => sample.remove())
  const { pieces, pieceBytes } = sample.torrent
  for (const cut of [0, 1, 4_096, 40_000, 65_535, 65_536]) {
    const target = join(sample.folder, `cut ${cut}`)
    // What a crash leaves: pieces 0-4 plaintext, 5 half rewritten, 6-9 ciphertext, the rest absent.
    const bytes = Buffer.alloc(sample.plaintext.length)
    sample.plaintext.copy(bytes, 0, 0, 5 * pieceBytes + cut)
    sample.ciphertext.copy(bytes, 5 * pieceBytes + cut, 5 * pieceBytes + cut, 10 * pieceBytes)
    writeFileSync(`${target}.part`, bytes)
    const { store, found } = await reopened(sample, target, (piece) => piece < 8)
    const whole = cut === 0 || cut === 65_536
    t.deepEqual(
      found,
      whole ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] : [0, 1, 2, 3, 4, 6, 7, 8, 9],
      `cut at ${cut}`,
    )
    t.equal(store.unlockedPieces, whole ? 8 : 7, 'those whose key is known were unlocked')
    for (let piece = 0; piece < pieces; piece++)
      if (!found.includes(piece)) await store.write(piece, pieceOf(sample, piece))
    t.ok((await readAll(store, sample)).equals(sample.ciphertext), 'complete again')
    await store.close()
  }
})

test('swarm: a part file never replaces what has its final name', async (t) => {
  const sample = makeSample('exists', [70_000], 65_536)
  t.teardown(() => sample.remove())
  const target = join(sample.folder, 'film')
  const options = { torrent: sample.torrent, target, cipherKeyOf: sample.keyOf }
  const store = await openPartFile(options)
  for (const piece of [0, 1]) {
    await store.write(piece, pieceOf(sample, piece))
    await store.unlock(piece)
  }
  writeFileSync(target, 'mine')
  t.equal(await codeOf(store.finish()), 'BAD_INPUT', 'it came while we downloaded')
  t.equal(readFileSync(target, 'utf8'), 'mine', 'untouched')
  await store.close()
  t.equal(await codeOf(openPartFile(options)), 'BAD_INPUT', 'it was there before')
})

test('swarm: a file that changes under a publisher gives no wrong byte', async (t) => {
  const sample = makeSample('changed', SINGLE, 65_536)
  t.teardown(() => sample.remove())
  const path = sample.paths[0] ?? ''
  const stamps = [await stampOf(path)]
  const store = await sample.store()
  await store.read(0, 0, 100)
  writeFileSync(path, sample.plaintext.subarray(0, 1_000))
  t.equal(await codeOf(store.read(0, 0, 100)), 'FILE_CHANGED', 'while it is served')
  await store.close()
  writeFileSync(path, sample.plaintext)
  utimesSync(path, 1, 1)
  const { torrent, paths, keyOf } = sample
  t.equal(
    await codeOf(openSealedFiles({ torrent, paths, cipherKeyOf: keyOf, stamps })),
    'FILE_CHANGED',
    'between two runs',
  )
  truncateSync(path, 5)
  t.equal(await codeOf(sample.store()), 'FILE_CHANGED', 'another length')
})

test('swarm: a cache file is sparse and gives again what was written', async (t) => {
  const sample = makeSample('cache', [8_000_000], 65_536)
  t.teardown(() => sample.remove())
  const folder = join(sample.folder, 'cache')
  const store = await openCacheFile(folder, sample.torrent)
  t.notOk(await store.find(3), 'a new one has nothing')
  await store.write(3, pieceOf(sample, 3))
  await store.close()
  const [name = ''] = readdirSync(folder)
  t.ok(statSync(join(folder, name)).blocks * 512 < 1_000_000, 'sparse')
  const again = await openCacheFile(folder, sample.torrent)
  t.deepEqual([await again.find(2), await again.find(3)], [false, true], 'found by its hash')
  t.ok(pieceOf(sample, 3).equals(Buffer.from(await again.read(3, 0, 65_536))), 'its bytes')
  await again.close()
})

test('swarm: the cache gives up the files used longest ago, never one in use', async (t) => {
  const samples = ['a', 'b', 'c'].map((seed) => makeSample(seed, [300_000], 65_536))
  const folder = join(samples[0]?.folder ?? '', 'cache')
  t.teardown(() => {
    for (const sample of samples) sample.remove()
  })
  const paths: string[] = []
  for (const [age, sample] of samples.entries()) {
    const store = await openCacheFile(folder, sample.torrent)
    for (let piece = 0; piece < sample.torrent.pieces; piece++)
      await store.write(piece, pieceOf(sample, piece))
    await store.close()
    const path = join(
      folder,
      `${createHash('sha256').update(sample.torrent.infoBytes).digest('hex')}.sealed`,
    )
    utimesSync(path, 1_000 + age, 1_000 + age)
    paths.push(path)
  }
  const request = { folder, limitBytes: 1_000_000, needBytes: 300_000, inUse: paths.slice(0, 1) }
  t.ok((await makeSpace(request)) <= 700_000, 'room was made')
  t.deepEqual(
    paths.map((path) => existsSync(path)),
    [true, false, true],
    'the second oldest went',
  )
})

test('swarm: a full disk is one clear error and nothing under the final name', async (t) => {
  const sample = makeSample('full', [70_000], 65_536)
  t.teardown(() => sample.remove())
  if (!existsSync('/dev/full')) {
    t.skip('no /dev/full here')
    return
  }
  const { attempt } = await import('../../src/swarm/file-space.ts')
  const err = await attempt('/dev/full', async () => writeFileSync('/dev/full', 'x')).catch(
    (e: unknown) => e,
  )
  t.ok(hasCode(err, 'FILE_SYSTEM') && err.detail.why === 'the disk is full', 'says so')
})
