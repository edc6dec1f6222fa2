import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import test from 'tape'
import { LAUNCHER, Stage, until } from './rig.ts'

/** A second Ctrl-C must not wait for anything. */
const AT_ONCE_MS = 1_500
/** Longer than the time in which two signals count as one, ms. */
const NEXT_SIGNAL_MS = 400

test('leaving: Ctrl-C at any moment of the start ends with 130 and not a word', async (t) => {
  const stage = new Stage(t)
  const film = stage.film()
  for (const [event, text] of [
    ['note', '"note"'],
    ['sealing', '"sealing"'],
    ['seeding', '"seeding"'],
    ['waiting for a channel', 'waiting for a channel'],
    ['wallet', '"wallet"'],
  ] as const) {
    // A piece length of its own each time: there is something to seal.
    const pieceBytes = String(16_384 + event.length * 16)
    const seeder = stage.start('seed', film, '--piece-length', pieceBytes)
    t.equal(await seeder.signalAt('SIGINT', text), 130, `at ${event}`)
    t.deepEqual(seeder.events('error'), [], 'no error')
    t.equal(seeder.stderr, '')
  }
  const fresh = new Stage(t)
  const first = fresh.start('seed', film)
  t.equal(await first.signalAt('SIGINT', 'starting the play-money'), 130, 'at starting the network')
  t.deepEqual(first.events('error'), [])
  const last = stage.start('seed', film)
  await last.until('wallet')
  t.equal(await last.stop('SIGTERM'), 130, 'SIGTERM is no other')
})

test('leaving: a second Ctrl-C leaves at once', async (t) => {
  const stage = new Stage(t)
  const seeder = stage.start('seed', stage.film())
  await seeder.until('note', ({ text }) => /starting the play-money/.test(String(text)))
  seeder.signal('SIGINT')
  await new Promise((resolve) => setTimeout(resolve, NEXT_SIGNAL_MS))
  const startMs = Date.now()
  t.equal(await seeder.stop(), 130)
  t.ok(Date.now() - startMs < AT_ONCE_MS, `${Date.now() - startMs} ms`)
})

test('leaving: when the reader of its lines goes, it goes', async (t) => {
  const stage = new Stage(t)
  const film = stage.film()
  const address = await stage.ledger()
  const child = spawn(
    process.execPath,
    [LAUNCHER, 'seed', film, '--data-dir', stage.dataDir, '--wallet', address, '--no-lsd'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString()
  })
  child.stdout.once('data', () => child.stdout.destroy())
  const [code]: (number | null)[] = await once(child, 'exit')
  t.equal(code, 130)
  t.equal(stderr, '', 'no stack')
})

test('leaving: the launcher on an older Node passes signals on, and leaves no process behind', async (t) => {
  const node = olderNode()
  if (node === undefined) return t.comment('skipped: no older Node on the PATH')
  const stage = new Stage(t)
  const film = stage.film()
  const address = await stage.ledger()
  const args = [
    'seed',
    film,
    '--data-dir',
    stage.dataDir,
    '--json',
    '--wallet',
    address,
    '--no-lsd',
  ]
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    const launcher = stage.raw(args, { node })
    await launcher.until('seeding')
    const pid = Number(execFileSync('pgrep', ['-P', String(launcher.pid)]).toString())
    t.equal(await launcher.stop(signal), signal === 'SIGKILL' ? -1 : 130, signal)
    await until('the child is gone', () => !isAlive(pid))
  }
  const wrong = stage.raw(['seed', stage.path('nosuch')], { node })
  t.equal(await wrong.ended(), 2, 'exit codes come through')
})

/** A Node on the PATH that cannot strip types itself. */
function olderNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const nodes = folders.map((folder) => join(folder, 'node')).filter((path) => existsSync(path))
  return nodes.find((path) => {
    const major = Number(/^v(\d+)/.exec(execFileSync(path, ['--version']).toString())?.[1])
    return major < 22
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
