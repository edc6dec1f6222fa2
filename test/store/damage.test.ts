import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import test from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import { openStore } from '../../src/store/store.ts'
import { buy, bytesOf, COUPON, dump, Home, INFO, saleOf, sell, withStore } from './rows.ts'

/** A store with a row of everything, closed. @returns what it tells */
function filled(home: Home): unknown {
  const { store } = home
  for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) buy(store, name, { span: 8 + i })
  sell(store, saleOf('e'))
  sell(store, saleOf('f', { kind: 1, j: 3 }), COUPON)
  store.coupons.openBook(bytesOf('master'), 0)
  store.settings.torrentPort = 6881
  store.torrents.putSealed({
    infoSha256: INFO,
    infoBytes: new Uint8Array(900).fill(1),
    files: [{ path: '/films/film.mp4', bytes: 1_000, mtimeNs: 1_700_000_000_123_456_789n }],
    pieceBytes: 16_384,
    c: 8,
    free: '0-3',
    isAnonymous: false,
    priceMsat: 5_000n,
    stepPpm: 0,
    addedMs: 1,
  })
  store.torrents.putViewed({
    infoSha256: INFO,
    magnet: 'magnet:?',
    place: 'cache',
    path: '/cache/x',
    budgetMsat: 1n,
    addedMs: 1,
  })
  const told = dump(store)
  home.close()
  return told
}

/** What is read from a damaged store: the same as before, or a loud error. Everything else is silent loss. */
function isLoud(home: Home, told: unknown): boolean {
  try {
    return isDeepStrictEqual(dump(home.store), told)
  } catch (err) {
    if (hasCode(err, 'BAD_JOURNAL') || hasCode(err, 'FILE_SYSTEM')) return true
    throw err
  } finally {
    home.close()
  }
}

test('store: any flipped byte is noticed, or changes nothing', (t) => {
  withStore((home) => {
    const told = filled(home)
    const whole = readFileSync(home.path)
    const seed = Date.now()
    let noticed = 0
    const flip = (at: number, mask: number): boolean => {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ mask
      writeFileSync(home.path, damaged)
      const isFine = isLoud(home, told)
      if (!isFine) t.comment(`byte ${at} ^ ${mask}`)
      noticed += 1
      return isFine
    }
    fc.assert(fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), flip), {
      numRuns: 600,
      seed,
      endOnFailure: true,
    })
    for (let at = 0; at < 100; at++) if (!flip(at, 0xff)) t.fail(`header byte ${at}`)
    t.ok(noticed >= 700, `seed ${seed}`)
  })
  t.end()
})

test('store: a flipped bit in an amount, a key or a coupon is BAD_JOURNAL', (t) => {
  for (const sql of [
    'UPDATE purchase SET amount_msat = 4999 WHERE id = 2',
    'UPDATE purchase SET fee_msat = NULL WHERE id = 2',
    `UPDATE purchase SET state = 'paid' WHERE id = 2`,
    `UPDATE sale SET preimage = zeroblob(32) WHERE id = 1`,
    'DELETE FROM purchase WHERE id = 4',
    'DELETE FROM sale WHERE id = 2',
    'DROP TRIGGER event_fixed; UPDATE event SET msat = 1 WHERE seq = 3',
    'UPDATE span_key SET key = zeroblob(32) WHERE span = 8',
    `UPDATE coupon SET state = 'pool'`,
    'UPDATE coupon_book SET fresh_from = 1',
    `UPDATE sealed SET price_msat = 1`,
    `UPDATE viewed SET budget_msat = 9`,
    `UPDATE setting SET value = '1'`,
  ])
    withStore((home) => {
      filled(home)
      const db = new DatabaseSync(home.path)
      db.exec(sql)
      db.close()
      try {
        dump(home.store)
        t.fail(sql)
      } catch (err) {
        t.ok(hasCode(err, 'BAD_JOURNAL'), sql)
      }
    })
  t.end()
})

test('store: a journal cut anywhere is BAD_JOURNAL, also one that is empty', (t) => {
  withStore((home) => {
    const told = filled(home)
    const whole = readFileSync(home.path)
    const cut = (length: number): void => {
      writeFileSync(home.path, whole)
      truncateSync(home.path, length)
    }
    for (const length of [0, 1, 99, 100, 4_095, 4_096, 8_192, whole.length - 4_096]) {
      cut(length)
      try {
        dump(home.store)
        t.fail(`cut to ${length}`)
      } catch (err) {
        t.ok(hasCode(err, 'BAD_JOURNAL'), `cut to ${length}`)
      }
      home.close()
    }
    // SQLite reads zeros there, which may be what was there.
    for (let length = whole.length - 64; length < whole.length; length++) {
      cut(length)
      if (!isLoud(home, told)) t.fail(`cut to ${length}`)
    }
  })
  t.end()
})

test('store: a file of another program, or of another version, is refused and not touched', (t) => {
  for (const sql of [
    'CREATE TABLE x (y)',
    'PRAGMA application_id = 0x6c6e7431; PRAGMA user_version = 9',
  ])
    withStore((home) => {
      const db = new DatabaseSync(home.path)
      db.exec(sql)
      db.close()
      const before = readFileSync(home.path)
      try {
        dump(home.store)
        t.fail(sql)
      } catch (err) {
        t.ok(hasCode(err, 'BAD_JOURNAL'), sql)
      }
      t.ok(readFileSync(home.path).equals(before))
    })
  t.end()
})

test('store: a store that cannot be made says where', (t) => {
  withStore((home) => {
    const notDir = `${home.dir}/file`
    writeFileSync(notDir, '')
    try {
      openStore(notDir)
      t.fail('opened')
    } catch (err) {
      t.ok(hasCode(err, 'FILE_SYSTEM') && err.detail.path.startsWith(notDir))
    }
  })
  t.end()
})

test('store: a full disk is FILE_SYSTEM, and what was recorded before stays', (t) => {
  withStore((home) => {
    buy(home.store, 'first')
    home.close()
    // A limit on the size of files does what a full disk does, in KiB.
    const limit = Math.ceil(statSync(home.path).size / 1024) + 8
    const script = `ulimit -f ${limit} && exec "$0" "$1" "$2"`
    const writer = fileURLToPath(new URL('./writer.ts', import.meta.url))
    const { stdout } = spawnSync('bash', ['-c', script, process.execPath, writer, home.dir], {
      encoding: 'utf8',
    })
    const said = stdout.trim().split('\n')
    const last = said.pop() ?? ''
    t.match(last, /^FILE_SYSTEM .*journal\.db/)
    t.ok(said.length > 0, `${said.length} purchases fitted`)
    t.equal(home.store.journal.purchasesOf(INFO).length, 1 + said.length)
  })
  t.end()
})

test('law 7: whatever kill -9 interrupts, every record that was reported is on disk, and it opens', async (t) => {
  for (const atMs of [40, 90, 150]) {
    const home = new Home()
    buy(home.store, 'first')
    home.close()
    const writer = fileURLToPath(new URL('./writer.ts', import.meta.url))
    const child = spawn(process.execPath, [writer, home.dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), atMs))
    await once(child, 'close')
    const reported = said.split('\n').filter((line) => line.startsWith('opened')).length
    const purchases = home.store.journal.purchasesOf(INFO)
    const opened = purchases.filter(({ state }) => state === 'opened').length
    t.ok(reported > 0 && opened >= 1 + reported, `${reported} reported, ${opened - 1} on disk`)
    t.ok(opened <= 2 + reported, 'and at most one more')
    home.remove()
  }
  t.end()
})
