import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { type Line, PATIENCE_MS, type Running, Stage } from './rig.ts'

/** The issue asks for a second; this is for busy machines, and a peer that has to start too. */
const START_MS = 15_000
const MASTER = '5a'.repeat(32)

async function seeding(running: Running): Promise<Line> {
  return running.until('seeding')
}

/** The result of a command that ends. */
async function result(running: Running): Promise<Line> {
  const code = await running.ended()
  if (code !== 0) throw new Error(`exit ${code}: ${running.stdout}${running.stderr}`)
  const [line = {}] = running.events('result')
  return line
}

test('sealing: after a restart the same magnet is served within seconds, and nothing is sealed', async (t) => {
  const stage = new Stage(t)
  const file = stage.random('film.bin', 64 * 2 ** 20)
  const first = await stage.startOnLedger('seed', file, '--price-per-piece', '7', '--buyers', '9')
  const before = await seeding(first)
  t.ok(first.events('sealing').length > 1, 'sealing shows how far it is')
  t.equal(await first.stop(), 130)
  const startMs = Date.now()
  const again = await stage.startOnLedger('seed', file)
  const after = await seeding(again)
  t.deepEqual(after, before, 'same magnet, pieces and price, without a word')
  t.deepEqual(again.events('sealing'), [])
  t.comment(`seeding after ${Date.now() - startMs} ms`)
  await plainPeer(String(after['magnet']), stage.path('peer'), 'piece')
  t.ok(Date.now() - startMs < START_MS, `first piece after ${Date.now() - startMs} ms`)
  await again.stop()
})

/** A stock peer with nothing but the magnet, until it says a word. */
async function plainPeer(magnet: string, folder: string, word: string): Promise<void> {
  const script = fileURLToPath(new URL('./plain-peer.ts', import.meta.url))
  const peer = spawn(process.execPath, [script, magnet, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const timer = setTimeout(() => peer.kill(), PATIENCE_MS)
  try {
    for await (const line of createInterface({ input: peer.stdout }))
      if (line.startsWith(word)) return
    throw new Error(`the plain peer never said ${word}`)
  } finally {
    clearTimeout(timer)
    peer.kill()
  }
}

test('sealing: a plain peer downloads the ciphertext from the magnet alone', async (t) => {
  const stage = new Stage(t)
  const film = stage.film()
  const seeder = await stage.startOnLedger('seed', film)
  const magnet = String((await seeding(seeder))['magnet'])
  await plainPeer(magnet, stage.path('peer'), 'done')
  const ciphertext = readFileSync(stage.path('peer', 'film.mp4'))
  t.equal(ciphertext.length, statSync(film).size)
  t.notOk(ciphertext.equals(readFileSync(film)), 'it is ciphertext')
  await seeder.stop()
})

test('sealing: a changed file is sealed as it is now, with a word, and keeps its settings', async (t) => {
  const stage = new Stage(t)
  const file = stage.random('film.bin', 300_000)
  const first = await stage.startOnLedger(
    'seed',
    file,
    '--price-per-piece',
    '7',
    '--piece-length',
    '32K',
    '--free',
    '2',
  )
  const before = await seeding(first)
  await first.stop()
  appendFileSync(file, 'more')
  const second = await stage.startOnLedger('seed', file)
  const after = await seeding(second)
  t.notEqual(after['magnet'], before['magnet'])
  t.equal(after['priceMsat'], 7000)
  t.equal(after['pieceBytes'], 32_768)
  t.ok(
    second.events('note').some(({ text }) => /has changed since it was sealed/.test(String(text))),
  )
  await second.stop()
  utimesSync(file, new Date(), new Date())
  const touched = await stage.startOnLedger('seed', file)
  t.equal(
    (await seeding(touched))['magnet'],
    after['magnet'],
    'the same content is the same torrent',
  )
  t.equal((await seeding(touched))['priceMsat'], 7000)
  await touched.stop()
})

test('sealing: a file that changes while it is seeded ends the command with a sentence', async (t) => {
  const stage = new Stage(t)
  const file = stage.random('film.bin', 300_000)
  const seeder = await stage.startOnLedger('seed', file)
  const magnet = String((await seeding(seeder))['magnet'])
  writeFileSync(file, Buffer.alloc(300_000))
  const buyer = await stage.startOnLedger('download', magnet, '--out', stage.path('out'))
  t.equal(await seeder.ended(), 2)
  t.match(
    String(seeder.events('error')[0]?.['message']),
    /film\.bin has changed since .*seed it again/,
  )
  await buyer.stop()
})

test('sealing: one master, one info hash, whatever the profile; inspect and seed agree', async (t) => {
  const [one, two] = [new Stage(t), new Stage(t)]
  const film = one.film()
  writeFileSync(one.path('master'), `${MASTER}\n`)
  const seal = (stage: Stage, out: string, ...args: string[]): Promise<Line> =>
    result(stage.start('seal', film, '--out', stage.path(out), ...args))
  const master = ['--master-file', one.path('master')]
  const sealed = await seal(one, 'a.torrent', ...master, '--buyers', '20', '--free', '1')
  const elsewhere = await seal(two, 'b.torrent', ...master, '--buyers', '20', '--free', '1')
  t.equal(elsewhere['infoHash'], sealed['infoHash'])
  t.equal(elsewhere['xLnt'], sealed['xLnt'])
  t.ok(readFileSync(one.path('a.torrent')).equals(readFileSync(two.path('b.torrent'))))
  const own = await seal(two, 'c.torrent')
  t.notEqual(own['infoHash'], sealed['infoHash'], 'another master, another torrent')
  const anonymous = await seal(one, 'd.torrent', ...master, '--anonymous')
  t.notEqual(anonymous['publisherKey'], sealed['publisherKey'], 'a key for this torrent alone')

  const seen = await result(one.raw(['inspect', one.path('a.torrent'), '--json']))
  for (const name of ['infoHash', 'xLnt', 'publisherKey', 'pieces', 'couponsPerSpan', 'magnet'])
    t.equal(seen[name], sealed[name], name)
  const byMagnet = await result(one.raw(['inspect', String(sealed['magnet']), '--json']))
  t.equal(byMagnet['xLnt'], sealed['xLnt'])

  const seeder = await one.startOnLedger(
    'seed',
    film,
    '--torrent',
    one.path('a.torrent'),
    ...master,
  )
  t.equal((await seeding(seeder))['infoHash'], sealed['infoHash'])
  t.deepEqual(seeder.events('sealing'), [], 'what seal learned was kept')
  await seeder.stop()
})

test('sealing: a folder and a file are served at once, each a torrent of its own', async (t) => {
  const stage = new Stage(t)
  const film = stage.film()
  const folder = stage.dir
  const other = stage.random('other.bin', 200_000)
  const seeder = stage.start('seed', film, other)
  await seeder.until('seeding', ({ name }) => name === 'other.bin')
  const wallet = seeder.lines.findIndex(({ event }) => event === 'wallet')
  t.equal(wallet, -1, 'both are served before the wallet is up')
  t.equal(await seeder.stop(), 130)
  const both = await stage.startOnLedger('seed', join(folder, '.', 'film.mp4'), other)
  await both.until('seeding', ({ name }) => name === 'other.bin')
  t.deepEqual(both.events('sealing'), [])
  t.equal(both.events('seeding').length, 2)
  await both.stop()
})
