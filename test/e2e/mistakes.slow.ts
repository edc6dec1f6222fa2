import { execFileSync } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import test, { type Test } from 'tape'
import { Stage, until } from './rig.ts'

/** Commands that run side by side. */
const AT_ONCE = 4

/** Words of the command line, and what its sentence must say. */
type Mistake = readonly [claim: string, args: readonly string[], says: RegExp]

async function makeMistakes(t: Test, stage: Stage, mistakes: readonly Mistake[]): Promise<void> {
  const before = tree(stage.dir)
  for (let at = 0; at < mistakes.length; at += AT_ONCE)
    await Promise.all(
      mistakes.slice(at, at + AT_ONCE).map((mistake, i) => make(t, stage, mistake, i)),
    )
  t.deepEqual(tree(stage.dir), before, 'nothing half-written')
}

async function make(t: Test, stage: Stage, [claim, args, says]: Mistake, i: number): Promise<void> {
  // Each in a data directory of its own: they would lock each other out.
  const where = args[0] === 'inspect' ? [] : ['--data-dir', `${stage.dataDir}${i}`]
  const told = stage.raw([...args, ...where], { cwd: stage.dir })
  t.equal(await told.ended(), 2, `${claim}: exit code 2`)
  t.equal(told.stderr.trimEnd().split('\n').length, 1, `${claim}: one line on stderr`)
  t.match(told.stderr, /^lntorrent: /, `${claim}: it is ours`)
  t.match(told.stderr, says, `${claim}: ${told.stderr.trimEnd()}`)
  t.notOk(/\n {4}at |node:/.test(told.stderr), `${claim}: no stack`)
}

/** Files of a folder; a profile itself may be made, what is in one is not looked at. */
function tree(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter(
      (name) =>
        !/^data\d?(\/profiles(\/\w+(\/(master|lock\.\w+|journal\.db.*|torrents|cache))?)?)?$/.test(
          name,
        ),
    )
    .toSorted()
}

test('mistakes: paths that cannot be seeded', async (t) => {
  const stage = new Stage(t)
  stage.film()
  writeFileSync(stage.path('empty.bin'), '')
  mkdirSync(stage.path('folder'))
  mkdirSync(stage.path('hollow'))
  writeFileSync(stage.path('hollow', 'empty.bin'), '')
  await makeMistakes(t, stage, [
    ['no such file', ['seed', 'nosuch.mp4'], /nosuch\.mp4: there is no such file or folder/],
    ['a file for a folder', ['seed', 'film.mp4/x'], /a file is where a folder is needed/],
    ['an empty file', ['seed', 'empty.bin'], /empty\.bin is empty: name/],
    ['an empty folder', ['seed', 'folder'], /has no files: name/],
    ['a folder of empty files', ['seed', 'hollow'], /hollow is empty: name/],
    ['a second path that is bad', ['seed', 'film.mp4', 'nosuch'], /nosuch: there is no such/],
    ['no path', ['seed'], /missing required argument 'path'/],
    ['a file as the data directory', ['inspect', 'folder'], /folder: this is a folder, and a file/],
    ['seal: no such file', ['seal', 'nosuch', '--out', 'x.torrent'], /no such file/],
    ['seal: no --out', ['seal', 'film.mp4'], /'--out <file>' not specified/],
    ['seal: an existing target', ['seal', 'film.mp4', '--out', 'film.mp4'], /exists already: move/],
    ['seal: a folder as target', ['seal', 'film.mp4', '--out', 'folder'], /exists already/],
    [
      'seal: no such folder',
      ['seal', 'film.mp4', '--out', 'no/x.torrent'],
      /no such file or folder/,
    ],
    ['a master that is none', ['seed', 'film.mp4', '--master-file', 'film.mp4'], /64 hex digits/],
    ['no master file', ['seed', 'film.mp4', '--master-file', 'no'], /no: there is no such file/],
    ['--torrent with two paths', ['seed', 'film.mp4', 'film.mp4', '--torrent', 'x'], /one path/],
    [
      'garbage as --torrent',
      ['seed', 'film.mp4', '--torrent', 'film.mp4'],
      /torrent cannot be used/,
    ],
  ])
  const odd = stage.raw(['seed', 'film.mp4', '--data-dir', 'film.mp4'], { cwd: stage.dir })
  t.equal(await odd.ended(), 2)
  t.match(odd.stderr, /^lntorrent: film\.mp4.*: a file is where a folder is needed\n$/)
})

test('mistakes: options that cannot be', async (t) => {
  const stage = new Stage(t)
  stage.film()
  const seed = (...args: string[]): string[] => ['seed', 'film.mp4', ...args]
  await makeMistakes(t, stage, [
    ['an unknown command', ['sede', 'film.mp4'], /unknown command 'sede' \(Did you mean seed\?\)/],
    ['an unknown option', seed('--prize', '5'), /unknown option '--prize'/],
    ['an unknown regtest command', ['regtest', 'walk'], /unknown command 'walk'/],
    ['price 0', seed('--price-per-piece', '0'), /--price-per-piece is 0: give it in satoshi/],
    ['price 1e12', seed('--price-per-piece', '1e12'), /0\.001 sat to 10,000 sat/],
    ['price 1000000000000', seed('--price-per-piece', '1000000000000'), /to 10,000 sat/],
    ['a price below zero', seed('--price-per-piece', '-5'), /--price-per-piece is -5/],
    ['--coupons 3', seed('--coupons', '3'), /--coupons is 3: give a power of two/],
    ['--coupons and --buyers', seed('--coupons', '4', '--buyers', '9'), /give one of them/],
    ['--free 9', seed('--free', '9'), /--free is 9: give a whole number from 0 to 3/],
    ['--piece-length 1', seed('--piece-length', '1'), /16384 to 67108864 bytes/],
    ['--step 2 %', seed('--step', '2%'), /--step is 2%/],
    ['--port 0', seed('--port', '0'), /--port is 0: give a whole number from 1 to 65535/],
    ['a profile that is a path', seed('--profile', '../x'), /--profile is/],
    ['an unknown wallet', seed('--wallet', 'foo:bar'), /no such wallet: foo:bar; known are/],
    ['a wallet that is not here', seed('--wallet', 'regtest://8.8.8.8:1'), /no such wallet/],
    ['a peer without a port', seed('--peer', 'localhost'), /--peer is localhost: give HOST:PORT/],
    ['a tracker that is no URL', seed('--tracker', 'x'), /--tracker is x/],
    ['--budget 0', ['stream', 'x', '--budget', '0'], /--budget is 0/],
    ['--max-fee x', ['stream', 'x', '--max-fee', 'x'], /--max-fee is x: give 1%/],
  ])
})

test('mistakes: links that cannot be bought', async (t) => {
  const stage = new Stage(t)
  stage.film()
  writeFileSync(stage.path('garbage.torrent'), Buffer.alloc(3000, 7))
  const { default: createTorrent } = await import('create-torrent')
  const plain = await new Promise<Uint8Array>((resolve, reject) =>
    createTorrent(stage.path('film.mp4'), { pieceLength: 16_384, announce: [] }, (err, torrent) =>
      err ? reject(err) : resolve(torrent),
    ),
  )
  writeFileSync(stage.path('plain.torrent'), plain)
  const magnet = `magnet:?xt=urn:btih:${'0123456789'.repeat(4)}`
  await makeMistakes(t, stage, [
    ['a magnet without x.lnt', ['stream', magnet], /not exactly one x\.lnt; copy all of it/],
    ['a magnet without a hash', ['download', 'magnet:?dn=x'], /magnet link cannot be used/],
    ['a plain torrent', ['stream', 'plain.torrent'], /film\.mp4 is an ordinary torrent/],
    ['a plain torrent, inspected', ['inspect', 'plain.torrent'], /is an ordinary torrent/],
    ['garbage', ['download', 'garbage.torrent'], /this torrent cannot be used/],
    ['a web page', ['stream', 'https://example.org/x.torrent'], /neither a magnet link nor a file/],
    ['no such torrent', ['download', 'no.torrent'], /no\.torrent: there is no such file/],
    ['no such player', ['stream', 'plain.torrent', '--player', 'nosuchplayer'], /ordinary torrent/],
    [
      '--out is a file',
      ['download', `${magnet}&x.lnt=${'ab'.repeat(32)}`, '--out', 'film.mp4'],
      /film\.mp4/,
    ],
  ])
})

test('mistakes: with --json it is one JSON line and nothing on stderr', async (t) => {
  const stage = new Stage(t)
  for (const [code, ...args] of [
    ['BAD_INPUT', 'seed', 'x', '--coupons', '3'],
    ['BAD_INPUT', 'seed', 'x', '--nosuch'],
    ['FILE_SYSTEM', 'seed', stage.path('x')],
    ['BAD_MAGNET', 'inspect', 'magnet:?x=y'],
  ] as const) {
    const told = stage.raw([...args, '--json'])
    t.equal(await told.ended(), 2)
    t.equal(told.stderr, '')
    t.equal(told.lines.length, 1)
    t.equal(told.lines[0]?.['event'], 'error')
    t.equal(told.lines[0]?.['code'], code, String(told.lines[0]?.['message']))
  }
})

test('mistakes: ports in use, and a profile that somebody has open', async (t) => {
  const stage = new Stage(t)
  const server = createServer().listen(0, '::')
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? String(address.port) : ''
  const first = await stage.startOnLedger('seed', stage.film())
  const magnet = String((await first.until('seeding'))['magnet'])

  const locked = await stage.startOnLedger('seed', stage.film())
  t.equal(await locked.ended(), 2)
  const [error] = locked.events('error')
  t.equal(error?.['code'], 'PROFILE_LOCKED')
  t.match(String(error?.['message']), new RegExp(`by process ${first.pid}: .*--profile NAME`))

  const taken = await stage.startOnLedger('seed', stage.film(), '--profile', 'b', '--port', port)
  t.equal(await taken.ended(), 2)
  t.match(String(taken.events('error')[0]?.['message']), new RegExp(`^port ${port} is in use`))

  const http = await stage.startOnLedger('stream', magnet, '--player', 'none', '--http-port', port)
  t.equal(await http.ended(), 2)
  t.match(String(http.events('error')[0]?.['message']), new RegExp(`^port ${port} is in use`))
  t.equal(await first.stop(), 130)
})

test('mistakes: a torrent of another file, and a path twice', async (t) => {
  const stage = new Stage(t)
  const film = stage.film()
  const other = stage.random('other.bin', 100_000)
  const sealed = stage.start('seal', film, '--out', stage.path('film.torrent'))
  t.equal(await sealed.ended(), 0, sealed.stdout)
  const wrong = await stage.startOnLedger('seed', other, '--torrent', stage.path('film.torrent'))
  t.equal(await wrong.ended(), 2)
  t.match(String(wrong.events('error')[0]?.['message']), /another torrent than the one given/)
  const twice = await stage.startOnLedger('seed', film, film)
  t.equal(await twice.ended(), 2)
  t.match(String(twice.events('error')[0]?.['message']), /seeded already: name it once/)
})

test('mistakes: a target that exists, and a disk that is full', async (t) => {
  const stage = new Stage(t)
  const seeder = await stage.startOnLedger('seed', stage.film())
  const magnet = String((await seeder.until('seeding'))['magnet'])
  const existing = await stage.startOnLedger('download', magnet, '--out', stage.dir)
  t.equal(await existing.ended(), 2)
  t.match(String(existing.events('error')[0]?.['message']), /film\.mp4 exists already/)
  t.deepEqual(readFileSync(stage.path('film.mp4')).length, 688_346, 'it is as it was')

  const disk = stage.path('disk')
  mkdirSync(disk)
  await onSmallDisk(t, disk, '200k', async () => {
    const full = await stage.startOnLedger('download', magnet, '--out', disk)
    t.equal(await full.ended(), 2, full.stdout)
    t.match(String(full.events('error')[0]?.['message']), /bytes left and 688346 are needed/)
    t.deepEqual(readdirSync(disk), [], 'nothing is left there')
  })
  await onSmallDisk(t, disk, '1m', async () => {
    const full = await stage.startOnLedger('download', magnet, '--out', disk)
    await full.until('metadata')
    fill(stage.path('disk', 'filler'))
    t.equal(await full.ended(), 2, 'it fills up in the middle')
    t.match(String(full.events('error')[0]?.['message']), /disk is full: make room and start/)
    t.deepEqual(readdirSync(disk).toSorted(), ['filler', 'film.mp4.part'])
    rmSync(stage.path('disk', 'filler'))
    const again = await stage.startOnLedger('download', magnet, '--out', disk)
    t.equal(await again.ended(), 0, 'with room it goes on to the end')
    t.deepEqual(readFileSync(stage.path('disk', 'film.mp4')), readFileSync(stage.path('film.mp4')))
  })
})

async function onSmallDisk(
  t: Test,
  dir: string,
  size: string,
  act: () => Promise<void>,
): Promise<void> {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir], { stdio: 'ignore' })
  } catch {
    t.comment('skipped: no right to mount a small disk')
    return
  }
  try {
    await act()
  } finally {
    execFileSync('umount', ['-l', dir])
  }
}

/** Takes every byte that is left. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (;;) writeSync(file, new Uint8Array(4096))
  } catch {
    // Full.
  } finally {
    closeSync(file)
  }
}

test('mistakes: a seeder that is not there is said, and waited for', async (t) => {
  const stage = new Stage(t)
  const magnet = `magnet:?xt=urn:btih:${'0123456789'.repeat(4)}&x.lnt=${'ab'.repeat(32)}`
  const waiting = await stage.startOnLedger('download', magnet, '--out', stage.dir)
  await until('note', () => waiting.events('note').some(({ text }) => /no peer/.test(String(text))))
  t.equal(await waiting.stop(), 130)
  t.deepEqual(waiting.events('error'), [])
})
