/**
 * Our scheduler and stores against stock webtorrent: one seeder, one leecher, separate processes,
 * interleaved runs. Last line: one JSON object.
 *   node test/bench/swarm.bench.ts [--mib 64] [--rounds 3] [--piece-kib 256]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openCacheFile } from '../../src/swarm/cache-file.ts'
import { openSealedFiles } from '../../src/swarm/sealed-files.ts'
import { parseInfo } from '../../torrents/info.ts'
import { idOf, keyOfSample, localSwarm, makeSample, whole } from '../swarm/rig.ts'

type Kind = 'ours' | 'stock'

/** What a leecher reports. */
interface Run {
  readonly ms: number
  readonly cpuMs: number
  readonly rssMb: number
}

const SEED = 'bench'
const STOCK = {
  dht: false,
  lsd: false,
  natUpnp: false,
  natPmp: false,
  utp: false,
  tracker: false,
  utPex: false,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mib: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '3' },
    'piece-kib': { type: 'string', default: '256' },
  },
})

const [role, folder = '', address = ''] = positionals
if (role === undefined) await compare()
else if (role === 'seed-ours') await seedOurs(folder)
else if (role === 'seed-stock') await seedStock(folder)
else if (role === 'leech-ours') await leechOurs(folder, address)
else if (role === 'leech-stock') await leechStock(folder, address)

async function compare(): Promise<void> {
  const mib = Number(values.mib)
  const sample = makeSample(SEED, [mib * 2 ** 20], Number(values['piece-kib']) * 1024)
  writeFileSync(join(sample.folder, 'info'), sample.torrent.infoBytes)
  const runs: Record<Kind, Run[]> = { ours: [], stock: [] }
  const kinds: readonly Kind[] = ['ours', 'stock']
  const seeders = kinds.map((kind) => start(`seed-${kind}`, sample.folder))
  const ports = await Promise.all(seeders.map((seeder) => seeder.line))
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [i, kind] of kinds.entries()) {
      const leecher = start(`leech-${kind}`, sample.folder, `127.0.0.1:${ports[i]}`)
      const run: unknown = JSON.parse(await leecher.line)
      await leecher.end
      if (!isRun(run)) throw new TypeError('no run')
      runs[kind].push(run)
      console.log(kind, JSON.stringify(run))
    }
  for (const { child } of seeders) child.kill()
  sample.remove()
  const ms = (kind: Kind): number => median(runs[kind].map((run) => run.ms))
  const ratios = runs.ours.map((run, i) => (runs.stock[i]?.ms ?? 0) / run.ms)
  console.log(
    JSON.stringify({
      swarm_mib: mib,
      swarm_ours_mib_s: rounded((mib / ms('ours')) * 1000),
      swarm_stock_mib_s: rounded((mib / ms('stock')) * 1000),
      swarm_vs_stock: rounded(median(ratios)),
      swarm_leech_cpu_ms_per_mib: rounded(median(runs.ours.map((run) => run.cpuMs)) / mib),
      stock_leech_cpu_ms_per_mib: rounded(median(runs.stock.map((run) => run.cpuMs)) / mib),
      swarm_leech_rss_mb: rounded(median(runs.ours.map((run) => run.rssMb))),
    }),
  )
}

function start(...args: string[]): {
  child: ChildProcess
  line: Promise<string>
  end: Promise<void>
} {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const line = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', () => reject(new Error(`${args[0]} ended`)))
  })
  return { child, line, end }
}

async function seedOurs(folder: string): Promise<void> {
  const torrent = parseInfo(readFileSync(join(folder, 'info')))
  const paths = [join(folder, 'plain', torrent.name)]
  const cipherKeyOf = (piece: number): Uint8Array => keyOfSample(SEED, piece)
  const swarm = await localSwarm()
  await swarm.seed(
    { infoBytes: torrent.infoBytes },
    await openSealedFiles({ torrent, paths, cipherKeyOf }),
  )
  console.log(swarm.port)
}

async function leechOurs(folder: string, peer: string): Promise<void> {
  const torrent = parseInfo(readFileSync(join(folder, 'info')))
  const cache = mkdtempSync(join(tmpdir(), 'lnt-bench-'))
  const swarm = await localSwarm()
  const from = stopwatch()
  const live = await swarm.join({ ...idOf(torrent), peers: [peer] }, (found) =>
    openCacheFile(cache, found),
  )
  live.want([], 'sequential')
  await whole(live)
  console.log(JSON.stringify(from()))
  await swarm.close()
  rmSync(cache, { recursive: true })
}

async function seedStock(folder: string): Promise<void> {
  const { default: WebTorrent } = await import('webtorrent')
  const client = new WebTorrent(STOCK)
  const file = join(folder, 'plain', `${SEED}.bin`)
  const pieceLength = parseInfo(readFileSync(join(folder, 'info'))).pieceBytes
  const torrent = await new Promise<{ infoHash: string }>((resolve) =>
    client.seed(file, { announce: [], pieceLength }, resolve),
  )
  writeFileSync(join(folder, 'stock'), torrent.infoHash)
  console.log(client.torrentPort)
}

async function leechStock(folder: string, peer: string): Promise<void> {
  const { default: WebTorrent } = await import('webtorrent')
  const client = new WebTorrent(STOCK)
  const path = mkdtempSync(join(tmpdir(), 'lnt-bench-'))
  await new Promise((resolve) => client.once('listening', resolve))
  const from = stopwatch()
  const torrent = client.add(
    { infoHash: readFileSync(join(folder, 'stock'), 'utf8'), announce: [] },
    { path },
  )
  torrent.once('infoHash', () => torrent.addPeer(peer))
  await new Promise((resolve) => torrent.once('done', resolve))
  console.log(JSON.stringify(from()))
  await new Promise<void>((resolve) => client.destroy(() => resolve()))
  rmSync(path, { recursive: true })
}

function stopwatch(): () => Run {
  const start = performance.now()
  const cpu = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    const rssMb = process.memoryUsage().rss / 1e6
    return { ms: performance.now() - start, cpuMs: (user + system) / 1000, rssMb }
  }
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

function isRun(value: unknown): value is Run {
  return typeof value === 'object' && value !== null && 'ms' in value && 'cpuMs' in value
}
