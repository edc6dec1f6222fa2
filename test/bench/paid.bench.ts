/**
 * A paid download and a paid start of playback against plain webtorrent: separate processes, interleaved runs.
 *   node test/bench/paid.bench.ts [--mib 256] [--rounds 3] [--wallet ledger|ldk]
 * Last line: one JSON object.
 * @module
 */
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type ClientEvent, openClient, stopRegtest } from '../../src/client.ts'
import { LedgerHub } from '../../src/wallet/ledger-hub.ts'
import { serveLedger } from '../../src/wallet/ledger-service.ts'
import { median, type Role, startRole } from './bench-child.ts'

const STOCK = {
  dht: false,
  lsd: false,
  natUpnp: false,
  natPmp: false,
  utp: false,
  tracker: false,
  utPex: false,
}
const PIECE_BYTES = 256 * 1024

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mib: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '3' },
    wallet: { type: 'string', default: 'ledger' },
  },
})

const [role, ...args] = positionals
const [first = '', second = '', third = ''] = args
if (role === undefined) await compare()
else if (role === 'seed-paid') await seedPaid(first, second, third)
else if (role === 'seed-plain') await seedPlain(first)
else if (role === 'download-paid') await downloadPaid(first, second, third)
else if (role === 'download-plain') await downloadPlain(first, second)
else if (role === 'start-paid') await startPaid(first, second, third)
else if (role === 'start-plain') await startPlain(first, second)

async function compare(): Promise<void> {
  const mib = Number(values.mib)
  const dir = mkdtempSync(join(tmpdir(), 'lnt-paid-'))
  const file = join(dir, 'content.bin')
  fill(file, mib)
  const isLedger = values.wallet === 'ledger'
  const ledger = isLedger
    ? await serveLedger(new LedgerHub({ clockSeconds: () => Math.floor(Date.now() / 1000) }))
    : undefined
  const wallet = ledger?.address ?? 'regtest:'
  const seeders: Role[] = []
  try {
    const paid = startRole(import.meta.url, 'seed-paid', dir, file, wallet)
    const plain = startRole(import.meta.url, 'seed-plain', file)
    seeders.push(paid, plain)
    const paidMagnet = String((await paid.report)['magnet'])
    const plainMagnet = String((await plain.report)['magnet'])
    const run = async (name: string, ...rest: string[]): Promise<Run> => {
      const started = startRole(import.meta.url, name, ...rest)
      const report = await started.report
      await started.stop()
      return {
        ms: Number(report['ms']),
        rssMb: Number(report['rssMb']),
        cpuMs: Number(report['cpuMs']),
      }
    }
    const runs: Record<'paid' | 'plain' | 'startPaid' | 'startPlain', Run[]> = {
      paid: [],
      plain: [],
      startPaid: [],
      startPlain: [],
    }
    for (let round = 0; round < Number(values.rounds); round++) {
      const at = join(dir, `round-${round}`)
      runs.paid.push(await run('download-paid', at, paidMagnet, wallet))
      runs.plain.push(await run('download-plain', `${at}-plain`, plainMagnet))
      runs.startPaid.push(await run('start-paid', `${at}-start`, paidMagnet, wallet))
      runs.startPlain.push(await run('start-plain', `${at}-start-plain`, plainMagnet))
      for (const name of [at, `${at}-plain`, `${at}-start`, `${at}-start-plain`])
        rmSync(name, { recursive: true, force: true })
    }
    report(mib, runs, isLedger ? '' : '_ldk')
  } finally {
    for (const seeder of seeders) await seeder.stop()
    await ledger?.close()
    for (const name of isLedger ? [] : [dir]) await stopRegtest(name)
    rmSync(dir, { recursive: true, force: true })
  }
}

interface Run {
  readonly ms: number
  readonly rssMb: number
  readonly cpuMs: number
}

function report(
  mib: number,
  runs: Record<'paid' | 'plain' | 'startPaid' | 'startPlain', Run[]>,
  suffix: string,
): void {
  const ratios = runs.paid.map(({ ms }, i) => (runs.plain[i]?.ms ?? Number.NaN) / ms)
  const ms = (all: readonly Run[]): number => median(all.map((run) => run.ms))
  const rate = (all: readonly Run[]): number => Math.round((10 * mib * 1000) / ms(all)) / 10
  console.log(
    JSON.stringify({
      [`paid_vs_plain${suffix}`]: Math.round(100 * median(ratios)) / 100,
      [`paid_vs_plain${suffix}_runs`]: ratios.map((ratio) => Math.round(100 * ratio) / 100),
      [`paid_mib_s${suffix}`]: rate(runs.paid),
      [`plain_mib_s${suffix}`]: rate(runs.plain),
      [`paid_cpu_ms_per_mib${suffix}`]: Math.round(median(runs.paid.map((run) => run.cpuMs)) / mib),
      [`plain_cpu_ms_per_mib${suffix}`]: Math.round(
        median(runs.plain.map((run) => run.cpuMs)) / mib,
      ),
      [`start_ms_paid${suffix}`]: Math.round(ms(runs.startPaid)),
      [`start_ms_plain${suffix}`]: Math.round(ms(runs.startPlain)),
      [`rss_mb${suffix}`]: Math.round(median(runs.paid.map((run) => run.rssMb))),
      [`rss_mb_plain${suffix}`]: Math.round(median(runs.plain.map((run) => run.rssMb))),
    }),
  )
}

function fill(file: string, mib: number): void {
  const descriptor = openSync(file, 'w')
  const block = new Uint8Array(2 ** 20)
  for (let i = 0; i < mib; i++) writeSync(descriptor, randomFillSync(block))
  closeSync(descriptor)
}

function options(dataDir: string, profile: string, wallet: string) {
  return { dataDir, profile, wallet }
}

function untilKilled(): AbortSignal {
  const stop = new AbortController()
  process.on('SIGTERM', () => stop.abort())
  return stop.signal
}

async function seedPaid(dir: string, file: string, wallet: string): Promise<void> {
  const client = await openClient(options(dir, 'seller', wallet), () => {}, untilKilled())
  const magnet = await client.seed({ path: file, priceMsat: 1000n, pieceBytes: PIECE_BYTES })
  await client.ready()
  console.log(JSON.stringify({ magnet }))
  await client.untilStopped()
  await client.close()
}

/** From the magnet to the whole file under its own name; node and wallet are up before. */
async function downloadPaid(dir: string, magnet: string, wallet: string): Promise<void> {
  const client = await openClient(dataOf(dir, wallet), trace, untilKilled())
  await client.ready()
  const watch = stopwatch()
  await client.download({ link: magnet, out: dir, isTrusted: false })
  console.log(JSON.stringify(watch()))
  await client.close()
}

/** From the magnet to the first byte of plaintext on the player's socket. */
async function startPaid(dir: string, magnet: string, wallet: string): Promise<void> {
  const stop = new AbortController()
  process.on('SIGTERM', () => stop.abort())
  const { promise, resolve } = Promise.withResolvers<string>()
  const tell = (event: ClientEvent): void => {
    if (event.event === 'player') resolve(event.url)
  }
  const client = await openClient(dataOf(dir, wallet), tell, stop.signal)
  await client.ready()
  const watch = stopwatch()
  const playing = client.stream({ link: magnet, player: 'none' })
  const response = await fetch(await promise)
  await response.body?.getReader().read()
  console.log(JSON.stringify(watch()))
  stop.abort()
  await playing
  await client.close()
}

/** On LDK all wallets belong to the seeder's play-money network. */
function dataOf(dir: string, wallet: string) {
  const base = join(dir, '..')
  const name = basename(dir)
  return options(
    wallet === 'regtest:' ? base : dir,
    wallet === 'regtest:' ? name : 'viewer',
    wallet,
  )
}

function trace(event: ClientEvent): void {
  if (process.env['BENCH_TRACE'])
    console.error(
      performance.now().toFixed(0),
      event.event,
      'firstPiece' in event
        ? [event.firstPiece, event.count]
        : event.event === 'status'
          ? [event.haveBytes, event.openPieces]
          : '',
    )
}

async function seedPlain(file: string): Promise<void> {
  const { default: WebTorrent } = await import('webtorrent')
  const client = new WebTorrent(STOCK)
  const torrent = await new Promise<{ infoHash: string }>((resolve) =>
    client.seed(file, { announce: [], pieceLength: PIECE_BYTES }, resolve),
  )
  const magnet = `${torrent.infoHash}@127.0.0.1:${client.torrentPort}`
  console.log(JSON.stringify({ magnet }))
}

async function downloadPlain(dir: string, magnet: string): Promise<void> {
  const { torrent, watch, end } = await addPlain(dir, magnet)
  await new Promise((resolve) => torrent.once('done', resolve))
  console.log(JSON.stringify(watch()))
  await end()
}

async function startPlain(dir: string, magnet: string): Promise<void> {
  const { torrent, watch, end } = await addPlain(dir, magnet)
  await new Promise((resolve) => torrent.once('ready', resolve))
  const [file] = torrent.files
  if (!file) throw new Error('plain: no file')
  for await (const chunk of file) if (chunk.length > 0) break
  console.log(JSON.stringify(watch()))
  await end()
}

async function addPlain(dir: string, magnet: string) {
  const { default: WebTorrent } = await import('webtorrent')
  const client = new WebTorrent(STOCK)
  const [infoHash = '', peer = ''] = magnet.split('@')
  await new Promise((resolve) => client.once('listening', resolve))
  const watch = stopwatch()
  const torrent = client.add({ infoHash, announce: [] }, { path: dir })
  torrent.once('infoHash', () => torrent.addPeer(peer))
  const end = (): Promise<void> => new Promise((resolve) => client.destroy(() => resolve()))
  return { torrent, watch, end }
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
