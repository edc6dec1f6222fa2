/**
 * `lntorrent demo`: a seeder and two viewers in processes of their own trade a real video for real HTLCs.
 * @module
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { readBooks, stopRegtest } from '../client.ts'
import { LntError } from '../core/errors.ts'
import { formatSat } from '../core/money.ts'
import { Child, type Line } from './child.ts'
import { run } from './run.ts'
import type { Show } from './show.ts'

const SAMPLE = fileURLToPath(new URL('./sample.mp4', import.meta.url))
const SELLER = 'seller'
const VIEWERS = ['viewer', 'collector'] as const
const PRICE_SAT = '5'

/** Adds the command. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description(
      'see it work: a seeder and two viewers on this machine, real wires, real Lightning, play money',
    )
    .option('--keep', 'keep the folder with everything in it')
    .option('--json', 'one JSON object a line')
    .action((flags: { keep?: boolean; json?: boolean }) =>
      run(flags, async (show, signal) => {
        const dir = await mkdtemp(join(tmpdir(), 'lntorrent-demo-'))
        const children: Child[] = []
        try {
          await play({ show, signal, dir, children })
        } finally {
          for (const child of children) await child.stop()
          await stopRegtest(dir)
          if (flags.keep) show.result(`kept: ${dir}`, { kept: dir })
          else await rm(dir, { recursive: true, force: true })
        }
      }),
    )
}

interface Stage {
  readonly show: Show
  readonly signal: AbortSignal
  readonly dir: string
  readonly children: Child[]
}

async function play({ show, signal, dir, children }: Stage): Promise<void> {
  const say = (text: string): void => show.tell({ event: 'note', text })
  const start = (name: string, ...args: string[]): Child => {
    signal.throwIfAborted()
    const child = new Child(name, [...args, '--data-dir', dir, '--profile', name], (line) =>
      report(say, name, line),
    )
    children.push(child)
    return child
  }
  say('a seeder seals a video of 20 seconds and sells it, five sat a piece …')
  const seeder = start(SELLER, 'seed', SAMPLE, '--price-per-piece', PRICE_SAT)
  const magnet = String((await seeder.until('seeding'))['magnet'])
  say(magnet)
  say('one viewer streams it, another downloads it …')
  const [viewer, collector] = VIEWERS
  const streaming = start(viewer, 'stream', magnet, '--player', 'none')
  const downloading = start(collector, 'download', magnet, '--out', dir)
  const url = String((await streaming.until('player'))['url'])
  const [streamed] = await Promise.all([fetchAll(url, signal), whole(downloading)])
  const original = digest(await readFile(SAMPLE))
  check(streamed === original, 'the streamed bytes are those of the video')
  const downloaded = digest(await readFile(join(dir, 'sample.mp4')))
  check(downloaded === original, 'the downloaded file is the video')
  show.result(`both have the video, byte for byte (SHA-256 ${original.slice(0, 16)}…)`, {
    sha256: original,
  })
  for (const child of [streaming, seeder]) await child.stop()
  settleUp(show, dir)
}

async function whole(downloading: Child): Promise<void> {
  const code = await downloading.ended()
  if (code !== 0) await downloading.until('done')
}

/** Who paid whom for what, from the journals alone. */
function settleUp(show: Show, dir: string): void {
  const { books, profiles } = readBooks(dir, [SELLER, ...VIEWERS])
  for (const { profile, payments, sales, outMsat, inMsat, feesMsat } of profiles) {
    const text =
      sales > 0
        ? `${profile} was paid ${formatSat(inMsat)} in ${sales} sales`
        : `${profile} paid ${formatSat(outMsat)} in ${payments} payments (fees ${formatSat(feesMsat)})`
    show.result(text, { profile, payments, sales, outMsat, inMsat, feesMsat })
  }
  check(books.isBalanced && books.outMsat > 0n, 'the books balance')
  show.result(
    `the books balance: ${formatSat(books.outMsat)} out = ${formatSat(books.inMsat)} in + ${formatSat(books.feesMsat)} fees, ${books.entries.length} payment hashes`,
    { balanced: true, outMsat: books.outMsat, inMsat: books.inMsat, feesMsat: books.feesMsat },
  )
}

function check(isTrue: boolean, claim: string): void {
  if (!isTrue) throw new LntError({ code: 'REGTEST_FAILED', why: `demo: not so: ${claim}` })
}

async function fetchAll(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal })
  return digest(new Uint8Array(await response.arrayBuffer()))
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function report(say: (text: string) => void, name: string, line: Line): void {
  const pieces =
    line['count'] === 1
      ? `piece ${String(line['firstPiece'])}`
      : `pieces ${String(line['firstPiece'])} to ${Number(line['firstPiece']) + Number(line['count']) - 1}`
  const cost = (): string => formatSat(BigInt(Number(line['amountMsat'])))
  if (line['event'] === 'purchase')
    say(`  ${name} bought ${pieces} for ${cost()} (${String(line['state'])})`)
  if (line['event'] === 'wallet')
    say(`  ${name}: Lightning node ${String(line['node']).slice(0, 16)}… is up`)
  if (line['event'] === 'failed' || line['event'] === 'error')
    say(`  ${name}: ${String(line['message'])}`)
}
