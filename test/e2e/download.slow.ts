import { existsSync, readFileSync } from 'node:fs'
import test, { type Test } from 'tape'
import { type Running, Stage, until } from './rig.ts'

/** 256 pieces: long enough to be cut off in the middle. */
const FILE_BYTES = 4 * 2 ** 20 - 77
const PIECES = 256

/** A seeder of a file that is cut into many pieces, one sat each. */
class Sale {
  readonly stage: Stage
  readonly file: string
  constructor(t: Test) {
    this.stage = new Stage(t)
    this.file = this.stage.random('film.bin', FILE_BYTES)
  }

  /** Seeds; `args` are of the seeder. */
  async seed(...args: string[]): Promise<{ seeder: Running; magnet: string }> {
    const seeder = await this.stage.startOnLedger(
      'seed',
      this.file,
      '--piece-length',
      '16K',
      '--price-per-piece',
      '1',
      ...args,
    )
    return { seeder, magnet: String((await seeder.until('seeding'))['magnet']) }
  }

  download(magnet: string, ...args: string[]): Promise<Running> {
    return this.stage.startOnLedger('download', magnet, '--out', this.stage.path('out'), ...args)
  }

  get target(): string {
    return this.stage.path('out', 'film.bin')
  }
}

function checkWhole(t: Test, { target, file }: Sale): void {
  t.notOk(existsSync(`${target}.part`), 'no NAME.part is left')
  t.ok(readFileSync(target).equals(readFileSync(file)), 'NAME is the file, byte for byte')
}

/** Every piece was paid for exactly once, and the money has arrived. */
function checkBooks(t: Test, { stage }: Sale, pieces = PIECES): void {
  const { isBalanced, inMsat, openMsat } = stage.books()
  t.ok(isBalanced, 'the books balance')
  t.equal(openMsat, 0n, 'nothing is open')
  t.equal(inMsat, BigInt(pieces) * 1000n, 'no piece was paid twice')
}

test('download: NAME.part, then NAME; every piece paid once', async (t) => {
  const sale = new Sale(t)
  const { seeder, magnet } = await sale.seed()
  const download = await sale.download(magnet)
  await download.until('metadata')
  await until('NAME.part', () => existsSync(`${sale.target}.part`) || existsSync(sale.target))
  t.equal(await download.ended(), 0)
  const [done] = download.events('done')
  t.equal(done?.['path'], sale.target)
  t.equal(done?.['bytes'], FILE_BYTES)
  checkWhole(t, sale)
  t.equal(await seeder.stop(), 130)
  checkBooks(t, sale)
})

test('download: Ctrl-C in the middle leaves NAME.part, and goes on without paying twice', async (t) => {
  const sale = new Sale(t)
  const { seeder, magnet } = await sale.seed()
  const first = await sale.download(magnet)
  t.equal(await first.signalAt('SIGINT', '"purchase"', 2), 130)
  t.equal(first.stderr, '')
  t.deepEqual(first.events('error'), [])
  t.ok(existsSync(`${sale.target}.part`), 'NAME.part is there')
  t.notOk(existsSync(sale.target))
  const second = await sale.download(magnet)
  t.equal(await second.ended(), 0)
  checkWhole(t, sale)
  await seeder.stop()
  checkBooks(t, sale)
})

test('download: killed again and again, it comes to the same end', async (t) => {
  const sale = new Sale(t)
  const { seeder, magnet } = await sale.seed()
  for (const [text, times] of [
    ['"metadata"', 1],
    ['"purchase"', 1],
    ['"purchase"', 3],
  ] as const) {
    const killed = await sale.download(magnet)
    t.equal(await killed.signalAt('SIGKILL', text, times), -1, `killed at ${text} ${times}`)
  }
  const last = await sale.download(magnet)
  t.equal(await last.ended(), 0)
  checkWhole(t, sale)
  await seeder.stop()
  checkBooks(t, sale)
})

test('download: the seeder is killed in the middle, starts again at the same port, and it completes', async (t) => {
  const sale = new Sale(t)
  const { seeder, magnet } = await sale.seed()
  const download = await sale.download(magnet)
  t.equal(await seeder.signalAt('SIGKILL', '"sale"', 2), -1)
  const again = await sale.seed()
  t.equal(again.magnet, magnet, 'same port, same magnet')
  t.deepEqual(again.seeder.events('sealing'), [], 'nothing was sealed again')
  t.equal(await download.ended(), 0)
  checkWhole(t, sale)
  await again.seeder.stop()
  checkBooks(t, sale)
})

test('download: a reached budget pauses with a line, and a larger one goes on', async (t) => {
  const sale = new Sale(t)
  const { seeder, magnet } = await sale.seed()
  const poor = await sale.download(magnet, '--budget', '50')
  const note = await poor.until('note', ({ text }) => /budget is reached/.test(String(text)))
  t.match(String(note['text']), /larger --budget/)
  t.equal(await poor.stop(), 130)
  await seeder.stop()
  const spent = sale.stage.books()
  t.ok(spent.isBalanced && spent.outMsat > 0n, 'the books balance')
  t.ok(
    spent.outMsat >= 45_000n && spent.outMsat <= 50_000n,
    `${spent.outMsat} msat of 50,000 spent`,
  )
  const again = await sale.seed()
  const rich = await sale.download(magnet, '--budget', '500')
  t.equal(await rich.ended(), 0)
  checkWhole(t, sale)
  await again.seeder.stop()
  checkBooks(t, sale)
})

test('download: with --seed it goes on serving what it has, also to somebody else', async (t) => {
  const sale = new Sale(t)
  const { seeder, magnet } = await sale.seed()
  const first = await sale.download(magnet, '--seed')
  await first.until('done')
  t.ok(first.isRunning, 'it goes on')
  checkWhole(t, sale)
  t.equal(await first.stop(), 130)
  await seeder.stop()
  checkBooks(t, sale)
})
