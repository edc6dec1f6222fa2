import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import test, { type Test } from 'tape'
import { regtestStatus } from '../../src/client.ts'
import { findProgram, type Running, Stage, until } from './rig.ts'

const run = promisify(execFile)
/** A bound for a player or a probe. */
const TIMEOUT_MS = 60_000
/** Seconds into the video that a seek goes to; it is 20 s long. */
const SEEK_S = '15'

/** The two terminals as the README types them: default profiles, default data directory, plain lines. */
class Terminals extends Stage {
  override readonly dataDir: string = this.path('.local', 'share', 'lntorrent')

  open(...args: string[]): Running {
    const { XDG_DATA_HOME: _, LNTORRENT_DATA_DIR: __, ...env } = process.env
    return this.raw(args, { env: { ...env, HOME: this.dir, CI: '1' }, cwd: this.dir })
  }

  /** What a line of the process says, as far as it fits. */
  async read(running: Running, line: RegExp): Promise<string> {
    let found: string | undefined
    await until(String(line), () => {
      found = running.texts.map((text) => line.exec(text)?.[1]).find((text) => text !== undefined)
      if (!found && !running.isRunning) throw new Error(running.stdout + running.stderr)
      return found !== undefined
    })
    return found ?? ''
  }
}

async function ask(
  url: string,
  range?: string,
): Promise<{ status: number; body: Buffer; type: string }> {
  const response = await fetch(url, range === undefined ? {} : { headers: { range } })
  const body = Buffer.from(await response.arrayBuffer())
  return { status: response.status, body, type: response.headers.get('content-type') ?? '' }
}

/** What curl would ask, against the file's own bytes. */
async function checkRanges(t: Test, url: string, file: Buffer): Promise<void> {
  const size = file.length
  for (const [range, from, to] of [
    ['bytes=0-0', 0, 1],
    [`bytes=${size - 1}-`, size - 1, size],
    ['bytes=100-65535', 100, 65_536],
    ['bytes=-1000', size - 1000, size],
    [`bytes=500000-${size + 5}`, 500_000, size],
  ] as const) {
    const { status, body } = await ask(url, range)
    t.ok(status === 206 && body.equals(file.subarray(from, to)), range)
  }
  const whole = await ask(url)
  t.ok(whole.status === 200 && whole.body.equals(file), 'the whole file')
  t.equal(whole.type, 'video/mp4')
  t.equal((await ask(url, `bytes=${size}-`)).status, 416, 'past the end')
  const head = await fetch(url, { method: 'HEAD' })
  t.equal(head.headers.get('content-length'), String(size), 'HEAD tells the length')
  t.equal((await head.arrayBuffer()).byteLength, 0)
}

/** A program that reads the stream; skipped where it is not installed. */
async function checkPlays(t: Test, name: string, ...args: string[]): Promise<void> {
  const program = findProgram(name)
  if (!program) return t.comment(`skipped: ${name} is not installed`)
  const { stdout } = await run(program, args, { timeout: TIMEOUT_MS })
  t.pass(`${name} ${args.slice(0, -1).join(' ')} ${stdout.trim().slice(0, 60)}`)
}

test('two terminals: typed as they stand, the video is bought, played and sought in', async (t) => {
  const stage = new Terminals(t)
  const file = readFileSync(stage.film())
  const seeder = stage.open('seed', 'film.mp4', '--price-per-piece', '5')
  const magnet = await stage.read(seeder, /^(magnet:.*)$/)
  t.match(seeder.stdout, /^play money: .*worth nothing$/m, 'the first screen says play money')
  const viewer = stage.open('stream', magnet, '--player', 'none')
  const url = await stage.read(viewer, /, or (http:\S+) in a player$/)
  await checkPlays(
    t,
    'ffprobe',
    '-v',
    'error',
    '-show_entries',
    'format=duration',
    '-of',
    'csv=p=0',
    url,
  )
  await checkPlays(
    t,
    'ffmpeg',
    '-v',
    'error',
    '-ss',
    SEEK_S,
    '-i',
    url,
    '-frames:v',
    '1',
    '-f',
    'null',
    '-',
  )
  await checkPlays(t, 'mpv', '--no-config', '--vo=null', '--ao=null', '--untimed', url)
  await checkPlays(t, 'mpv', '--no-config', '--vo=null', '--ao=null', `--start=${SEEK_S}`, url)
  await checkRanges(t, url, file)
  t.equal(await viewer.stop(), 130)
  t.match(seeder.stdout, /^sold pieces? \d+.* for [\d.]+ sat/m)
  t.match(viewer.stdout, /^bought pieces? \d+.* for [\d.]+ sat/m)
  const status = await regtestStatus(stage.dataDir)
  t.equal(await seeder.stop(), 130)
  t.ok(
    status && status.pid === (await regtestStatus(stage.dataDir))?.pid,
    'Ctrl-C leaves the network alone',
  )
  t.notOk((seeder.stdout + viewer.stdout).includes('\u001b'), 'no colours in a pipe, even under CI')
  t.equal(seeder.stderr + viewer.stderr, '')
  const { isBalanced, outMsat, inMsat } = stage.books()
  t.ok(isBalanced && outMsat > 0n && inMsat > 0n, 'the books balance')
})

test('two terminals: with a player that ends, stream ends with 0', async (t) => {
  const stage = new Stage(t)
  const film = stage.film()
  const seeder = await stage.startOnLedger('seed', film)
  const magnet = String((await seeder.until('seeding'))['magnet'])
  if (!findProgram('mpv')) return t.comment('skipped: mpv is not installed')
  const player = 'mpv --no-config --vo=null --ao=null --untimed'
  const viewer = await stage.startOnLedger('stream', magnet, '--player', player)
  t.equal(await viewer.ended(), 0)
  t.equal((await stage.startOnLedger('stream', magnet, '--player', 'nosuchplayer')).isRunning, true)
})
