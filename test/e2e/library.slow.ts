import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import {
  type ClientEvent,
  download,
  hasCode,
  inspect,
  readBooks,
  seal,
  seed,
  stopRegtest,
  stream,
} from '../../src/index.ts'

const FILM = 'src/cli/sample.mp4'

/** The code of what a promise rejects with. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (err) {
    return err instanceof Error && 'detail' in err ? String(err.message.split(' ')[0]) : String(err)
  }
}

test('library: seeds, streams, downloads and seals in one process, and leaves every profile closed', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lntorrent-library-'))
  const film = readFileSync(FILM)
  try {
    const sold: ClientEvent[] = []
    const tell = (event: ClientEvent): void => {
      if (event.event === 'sale') sold.push(event)
    }
    const seeded = await seed({ path: FILM, priceMsat: 5_000n }, { dataDir, tell })
    t.equal(await codeOf(seed({ path: FILM }, { dataDir })), 'PROFILE_LOCKED', 'one at a time')

    const stop = new AbortController()
    const request = { player: 'none' }
    const played = await stream(seeded.magnet, request, { dataDir, signal: stop.signal })
    const bytes = Buffer.from(await (await fetch(played.url)).arrayBuffer())
    t.ok(bytes.equals(film), 'what is streamed is the film')
    t.match(await (await fetch(played.page)).text(), /<video/)
    stop.abort()
    t.equal(await played.ended, 'signal')

    const out = join(dataDir, 'out')
    const ended = await download(seeded.magnet, { out }, { dataDir, profile: 'collector' })
    t.equal(ended, 'done')
    t.ok(readFileSync(join(out, 'sample.mp4')).equals(film), 'what is downloaded is the film')
    await seeded.close()
    const { books } = readBooks(dataDir, ['seller', 'viewer', 'collector'])
    t.ok(books.isBalanced && books.outMsat === 430_000n, 'two viewers paid 43 pieces each')
    t.ok(sold.length > 0)

    const torrent = join(dataDir, 'film.torrent')
    const sealed = await seal({ path: FILM, out: torrent, dataDir })
    t.deepEqual(await inspect(torrent), sealed)
  } finally {
    await stopRegtest(dataDir)
    rmSync(dataDir, { recursive: true, force: true })
  }
  t.end()
})

test('library: what cannot be done rejects with its code, and the profile is free again', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lntorrent-library-'))
  const wallet = 'ledger:'
  try {
    for (let again = 0; again < 2; again++) {
      t.equal(await codeOf(stream('magnet:?xt=none', {}, { dataDir, wallet })), 'BAD_MAGNET')
      t.equal(
        await codeOf(download('no-such.torrent', { out: dataDir }, { dataDir, wallet })),
        'FILE_SYSTEM',
      )
      const missing = seed({ path: join(dataDir, 'no-such-file') }, { dataDir, wallet })
      t.notEqual(await codeOf(missing), 'none')
    }
    const plain = join(dataDir, 'plain.torrent')
    writeFileSync(
      plain,
      'd4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee',
    )
    t.equal(await codeOf(inspect(plain)), 'NOT_SEALED')
    const unknown = stream('magnet:?xt=none', {}, { dataDir, wallet: 'dollars:' })
    await unknown.catch((err: unknown) => t.ok(hasCode(err, 'UNKNOWN_WALLET')))
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
  t.end()
})

test('library: an abort before anything plays ends a stream', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lntorrent-library-'))
  try {
    const magnet = `magnet:?xt=urn:btih:${'a'.repeat(40)}&x.lnt=${'b'.repeat(64)}`
    const options = { dataDir, wallet: 'ledger:', lsd: false, signal: AbortSignal.timeout(500) }
    t.notEqual(await codeOf(stream(magnet, { player: 'none' }, options)), 'none')
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
  t.end()
})
