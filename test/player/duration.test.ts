import fc from 'fast-check'
import test from 'tape'
import { DEFAULT_BYTES_PER_SECOND, Pace } from '../../src/core/pace.ts'
import { Bitrate } from '../../src/player/bitrate.ts'
import { durationSeconds } from '../../src/player/duration.ts'
import { HandClock, MemorySource } from './source.ts'

const PIECE = 8192
const text = (ascii: string) => Buffer.from(ascii, 'latin1')
const be = (bytes: number, value: number) => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, 0, bytes)
  return buffer
}
const zeros = (bytes: number) => Buffer.alloc(bytes)

/** A RIFF file of 16-bit stereo: 10 s at 8 kHz. */
function wav(): Buffer {
  const data = zeros(8000 * 4 * 10)
  const le = (bytes: number, value: number) => be(bytes, value).reverse()
  const format = [le(2, 1), le(2, 2), le(4, 8000), le(4, 32_000), le(2, 4), le(2, 16)]
  const chunk = (id: string, ...parts: Buffer[]) => {
    const body = Buffer.concat(parts)
    return Buffer.concat([text(id), le(4, body.length), body])
  }
  return chunk('RIFF', text('WAVE'), chunk('fmt ', ...format), chunk('data', data))
}

/** A Matroska file of 95 s with one large cluster. */
function webm(): Buffer {
  const sized = (id: number[], ...parts: Buffer[]) => {
    const body = Buffer.concat(parts)
    return Buffer.concat([Buffer.from(id), Buffer.from([0x10]), be(3, body.length), body])
  }
  const duration = Buffer.alloc(8)
  duration.writeDoubleBE(95_000)
  return Buffer.concat([
    sized([0x1a, 0x45, 0xdf, 0xa3], sized([0x42, 0x82], text('webm'))),
    sized(
      [0x18, 0x53, 0x80, 0x67],
      sized(
        [0x15, 0x49, 0xa9, 0x66],
        sized([0x2a, 0xd7, 0xb1], be(3, 1_000_000)),
        sized([0x44, 0x89], duration),
      ),
      sized([0x1f, 0x43, 0xb6, 0x75], zeros(100_000)),
    ),
  ])
}

const box = (name: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([be(4, body.length + 8), text(name), body])
}

/** An MP4 of 60 s whose index comes after its 100 kB of media, as cameras write them. */
function mp4(): Buffer {
  const sound = box('mp4a', zeros(16), be(2, 2), be(2, 16), zeros(4), be(4, 48_000 * 65_536))
  const media = box(
    'mdia',
    box('mdhd', zeros(12), be(4, 48_000), be(4, 48_000 * 60), zeros(4)),
    box('hdlr', zeros(8), text('soun'), zeros(17)),
    box(
      'minf',
      box(
        'stbl',
        box('stsd', zeros(4), be(4, 1), sound),
        box('stsz', zeros(4), be(4, 100), be(4, 0)),
      ),
    ),
  )
  return Buffer.concat([
    box('ftyp', text('isom'), zeros(4), text('isom')),
    box('mdat', zeros(100_000)),
    box('moov', box('trak', box('tkhd', zeros(84)), media)),
  ])
}

const holding = (file: Buffer, pieces: readonly number[]) => {
  const source = new MemorySource(file, PIECE, 100)
  for (const piece of pieces) source.held.add(piece)
  return source
}
const lastOf = (file: Buffer) => Math.floor((100 + file.length - 1) / PIECE)

test('duration: is found in the first piece, or at the end, whichever tells', async (t) => {
  t.equal(await durationSeconds(holding(wav(), [0])), 10, 'wav')
  t.equal(await durationSeconds(holding(webm(), [0])), 95, 'webm')
  const film = mp4()
  t.equal(await durationSeconds(holding(film, [0])), undefined, 'mp4, its end not in hand')
  t.equal(await durationSeconds(holding(film, [0, lastOf(film)])), 60, 'mp4, its end in hand')
})

test('duration: asks for nothing that is not in hand', async (t) => {
  for (const file of [wav(), webm(), mp4()]) {
    const source = holding(file, [])
    t.equal(await durationSeconds(source), undefined)
    t.deepEqual(source.asked, [])
  }
})

test('duration: any bytes give a positive number or nothing', async (t) => {
  const seed = Date.now()
  const spoilt = fc
    .tuple(fc.constantFrom(wav(), webm(), mp4()), fc.nat(300), fc.uint8Array({ maxLength: 8 }))
    .map(([file, at, bytes]) => {
      file.set(bytes, at)
      return file
    })
  const any = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes))
  await fc.assert(
    fc.asyncProperty(fc.oneof(any, spoilt), async (file) => {
      const pieces = Array.from({ length: lastOf(file) + 1 }, (_, i) => i)
      const seconds = await durationSeconds(holding(file, pieces))
      return seconds === undefined || (Number.isFinite(seconds) && seconds > 0)
    }),
    { seed, numRuns: 100 },
  )
  t.pass(`seed ${seed}`)
})

test('duration: a file of a million empty boxes is given up soon', async (t) => {
  const file = Buffer.concat([
    box('ftyp', text('isom'), zeros(4), text('isom')),
    ...Array.from({ length: 500_000 }, () => box('free')),
  ])
  const pieces = Array.from({ length: lastOf(file) + 1 }, (_, i) => i)
  const beganMs = performance.now()
  t.equal(await durationSeconds(holding(file, pieces)), undefined)
  t.ok(performance.now() - beganMs < 5000, `${Math.round(performance.now() - beganMs)} ms`)
})

test('bitrate: the default until the file tells its duration, then the average', async (t) => {
  const clock = new HandClock()
  const film = mp4()
  const source = holding(film, [0])
  const bitrate = new Bitrate(source, undefined)
  const pace = new Pace(PIECE, bitrate.bytesPerSecond, 0)
  t.equal(bitrate.bytesPerSecond, DEFAULT_BYTES_PER_SECOND)
  await bitrate.teach(pace, { start: 0, at: 0, served: () => {}, close: () => {} }, clock)
  t.equal(pace.bytesPerSecond, DEFAULT_BYTES_PER_SECOND, 'not in the first piece')
  source.held.add(lastOf(film))
  const at = film.length - 10
  await bitrate.teach(pace, { start: at, at, served: () => {}, close: () => {} }, clock)
  const average = 8000
  t.equal(pace.bytesPerSecond, average, 'the slowest that is believed: this film has no pictures')
  const known = new Bitrate(source, 123_456)
  await known.teach(pace, { start: at, at, served: () => {}, close: () => {} }, clock)
  t.deepEqual([known.bytesPerSecond, pace.bytesPerSecond], [123_456, average], 'what is told stays')
})
