import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type Test } from 'tape'
import { type ErrorCode, hasCode } from '../../src/core/errors.ts'
import { lockProfile } from '../../src/store/lock.ts'
import { openMaster, openProfileDir, readMaster } from '../../src/store/profile.ts'
import { openStore } from '../../src/store/store.ts'
import { bytesOf, INFO, withStore } from './rows.ts'

async function inDirectory(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'lnt-profile-'))
  try {
    await use(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function refuses(t: Test, code: ErrorCode, work: () => unknown, what: string): Promise<void> {
  try {
    await work()
    t.fail(what)
  } catch (err) {
    t.ok(hasCode(err, code), `${what}: ${String(err)}`)
  }
}

test('profile: its directory is for the user alone, and its name a plain one', async (t) => {
  await inDirectory(async (dir) => {
    const profile = openProfileDir(dir, 'seller')
    t.equal(profile, join(dir, 'profiles', 'seller'))
    t.equal(statSync(profile).mode & 0o777, 0o700)
    t.equal(openProfileDir(dir, 'seller'), profile, 'again')
    for (const name of ['', '..', 'a/b', 'A', 'x'.repeat(33), '-a'])
      await refuses(t, 'BAD_INPUT', () => openProfileDir(dir, name), `"${name}"`)
  })
  t.end()
})

test('profile: a master is made once, for the user alone, and never replaced', async (t) => {
  await inDirectory(async (dir) => {
    const made = await openMaster(dir)
    t.ok(made.isNew)
    t.equal(made.bytes.length, 32)
    t.equal(statSync(join(dir, 'master')).mode & 0o777, 0o600)
    t.deepEqual(await openMaster(dir), { bytes: made.bytes, isNew: false })
    writeFileSync(join(dir, 'master'), new Uint8Array(31))
    await refuses(t, 'BAD_INPUT', () => openMaster(dir), 'a master that is cut')
    t.equal(await readMaster(join(dir, 'none')), undefined)
  })
  t.end()
})

test('profile: two that open a master at once have the same', async (t) => {
  await inDirectory(async (dir) => {
    const masters = await Promise.all(Array.from({ length: 4 }, () => openMaster(dir)))
    t.equal(new Set(masters.map(({ bytes }) => bytes.join())).size, 1)
    t.equal(masters.filter(({ isNew }) => isNew).length, 1)
  })
  t.end()
})

test('profile: a second process is refused with the pid of the first, and kill -9 frees the lock', async (t) => {
  await inDirectory(async (dir) => {
    const holder = spawn(
      process.execPath,
      [fileURLToPath(new URL('./holder.ts', import.meta.url)), dir],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    await once(holder.stdout, 'data')
    try {
      lockProfile(dir)
      t.fail('locked twice')
    } catch (err) {
      t.ok(hasCode(err, 'PROFILE_LOCKED') && err.detail.pid === holder.pid, String(err))
    }
    const closed = once(holder, 'close')
    holder.kill('SIGKILL')
    await closed
    const lock = lockProfile(dir)
    await refuses(t, 'PROFILE_LOCKED', () => lockProfile(dir), 'also within one process')
    lock.release()
    lockProfile(dir).release()
  })
  t.end()
})

test('profile: torrents and settings are there in the next life', async (t) => {
  const sealed = {
    infoSha256: INFO,
    infoBytes: new Uint8Array(300).fill(9),
    files: [
      { path: '/films/a film.mp4', bytes: 5, mtimeNs: 1_700_000_000_123_456_789n },
      { path: '/films/☃.srt', bytes: 0, mtimeNs: -1n },
    ],
    pieceBytes: 16_384,
    c: 8,
    free: '0-3',
    isAnonymous: true,
    priceMsat: 5_000n,
    stepPpm: 100,
    addedMs: 7,
  }
  const viewed = {
    infoSha256: INFO,
    magnet: 'magnet:?xt=urn:btih:00',
    place: 'file' as const,
    path: '/home/u/film.mp4',
    addedMs: 7,
  }
  const rows = new Uint8Array(96 * 4).fill(1)
  withStore((home) => {
    const { torrents, settings } = home.store
    torrents.putSealed(sealed)
    torrents.putViewed(viewed)
    t.equal(settings.torrentPort, undefined)
    settings.torrentPort = 6_881
    home.close()
    t.deepEqual(home.store.torrents.sealed(), [sealed])
    t.deepEqual(home.store.torrents.viewedOf(INFO), viewed)
    home.store.torrents.putViewed({ ...viewed, infoBytes: sealed.infoBytes, budgetMsat: 1n })
    t.equal(home.store.torrents.viewed().length, 1, 'replaced')
    t.equal(home.store.torrents.viewedOf(bytesOf('x')), undefined)
    t.equal(home.store.settings.torrentPort, 6_881)
  })
  await inDirectory(async (dir) => {
    const store = openStore(dir)
    t.equal(await store.torrents.rowsOf(INFO), undefined)
    await store.torrents.putRows(INFO, rows)
    t.deepEqual(await store.torrents.rowsOf(INFO), rows)
    await store.torrents.putRows(INFO, rows.subarray(0, 95))
    await refuses(t, 'BAD_JOURNAL', () => store.torrents.rowsOf(INFO), 'rows that are cut')
    store.torrents.putSealed(sealed)
    await store.torrents.forget(INFO)
    t.equal(store.torrents.sealedOf(INFO), undefined)
    t.equal(await store.torrents.rowsOf(INFO), undefined)
    store.close()
  })
  t.end()
})
