import { PassThrough } from 'node:stream'
import test from 'tape'
import { openShow, type Screen, type Show } from '../../src/cli/show.ts'
import type { ClientEvent } from '../../src/client/events.ts'
import { LntError } from '../../src/core/errors.ts'

const STATUS: ClientEvent = {
  event: 'status',
  name: 'film.mp4',
  peers: 1,
  sellers: 1,
  downBytesPerSecond: 1_500_000,
  upBytesPerSecond: 0,
  haveBytes: 50,
  totalBytes: 200,
  openPieces: 3,
  pieces: 10,
  spentMsat: 12_500n,
  earnedMsat: 0n,
  bufferSeconds: 12.4,
}
const SEEDING: ClientEvent = {
  event: 'seeding',
  name: 'film.mp4',
  magnet: 'magnet:?xt=urn:btih:00',
  infoHash: '00',
  pieces: 43,
  pieceBytes: 16_384,
  totalBytes: 688_346,
  priceMsat: 5000n,
}
const SALE: ClientEvent = {
  event: 'sale',
  state: 'settled',
  span: 5,
  firstPiece: 4,
  count: 2,
  kind: 1,
  amountMsat: 10_000n,
  hash: 'ab',
}
const MISTAKE = new LntError({ code: 'BAD_INPUT', what: 'x is y', hint: 'give z' })

/** What a screen was given. */
interface Shown {
  readonly show: Show
  readonly out: () => string
  readonly err: () => string
}

function open(options: { readonly json?: boolean; readonly isTTY?: boolean } = {}): Shown {
  const { json = false, isTTY = false } = options
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const screen: Screen = {
    stdout: Object.assign(stdout, { isTTY, columns: 200, rows: 24 }),
    stderr: Object.assign(stderr, { isTTY }),
  }
  const text = (stream: PassThrough): string => String(stream.read() ?? '')
  return { show: openShow({ json }, screen), out: () => text(stdout), err: () => text(stderr) }
}

test('show: in a pipe there are plain whole lines, and no status for a start', (t) => {
  const { show, out, err } = open()
  for (const event of [STATUS, SEEDING, STATUS, SALE]) show.tell(event)
  t.equal(show.fault(MISTAKE), 2)
  show.end()
  t.equal(
    out(),
    'film.mp4: 688 kB, 43 pieces of 16 KiB, 5 sat a piece\nmagnet:?xt=urn:btih:00\nsold pieces 4–5 for 10 sat (coupon, settled)\n',
  )
  t.equal(err(), 'lntorrent: x is y: give z\n')
  t.end()
})

test('show: sealing that is quick leaves no line in a pipe', (t) => {
  const { show, out } = open()
  show.tell({ event: 'sealing', path: '/a', bytesDone: 1, bytesTotal: 2 })
  t.equal(out(), '')
  t.end()
})

test('show: JSON lines carry every event, money as numbers, errors too', (t) => {
  const { show, out, err } = open({ json: true })
  for (const event of [STATUS, SEEDING, SALE]) show.tell(event)
  show.tell({ event: 'failed', error: MISTAKE })
  show.result('for people', { answer: 42n })
  t.equal(show.fault(MISTAKE), 2)
  const lines = out()
    .trimEnd()
    .split('\n')
    .map((text): unknown => JSON.parse(text))
  t.deepEqual(lines[0], { ...STATUS, spentMsat: 12_500, earnedMsat: 0 })
  t.deepEqual(lines[2], { ...SALE, amountMsat: 10_000 })
  t.deepEqual(lines.slice(3), [
    { event: 'failed', code: 'BAD_INPUT', message: 'x is y: give z' },
    { event: 'result', answer: 42 },
    { event: 'error', code: 'BAD_INPUT', message: 'x is y: give z' },
  ])
  t.equal(err(), '')
  t.end()
})

test('show: on a terminal the status is one live line under the others', (t) => {
  const { show, out } = open({ isTTY: true })
  show.tell(STATUS)
  const live = out()
  t.ok(live.includes('film.mp4 · 1 peer · ↓ 1.5 MB/s ↑ 0 B/s · 25 % fetched · 3/10 open'))
  t.ok(live.includes('12 s ahead · spent 12.5 sat'))
  show.tell(SALE)
  const after = out()
  t.ok(
    after.includes('\u001b[') && after.includes('sold pieces 4–5 for 10 sat'),
    'it is wiped first',
  )
  show.end()
  t.end()
})
