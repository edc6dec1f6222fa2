import fc from 'fast-check'
import test from 'tape'
import {
  AHEAD_SECONDS,
  AT_ONCE_PIECES,
  bytesPerSecondOf,
  DEFAULT_BYTES_PER_SECOND,
  Pace,
  SPEED,
} from '../../src/core/pace.ts'

const PIECE = 250_000
const RATE = 1_000_000

/** How many pieces in order from `first` on are granted at one moment. */
function grants(pace: Pace, first: number, nowMs: number): number {
  let piece = first
  while (piece < first + 1000 && pace.take(piece, nowMs)) piece += 1
  return piece - first
}

test('pace: three pieces at once, then twice the bitrate', (t) => {
  const pace = new Pace(PIECE, RATE, 0)
  pace.begin(0, 0)
  t.equal(grants(pace, 0, 0), AT_ONCE_PIECES)
  t.equal(pace.waitMs(0), 125, 'a piece of 250 kB at 2 MB/s')
  t.notOk(pace.take(3, 124))
  t.ok(pace.take(3, 125))
  t.equal(grants(pace, 4, 10_000), AT_ONCE_PIECES, 'a pause saves up no more than the three')
  t.end()
})

test('pace: a seek has three pieces at once again, reading on has not', (t) => {
  const pace = new Pace(PIECE, RATE, 0)
  pace.begin(0, 0)
  t.equal(grants(pace, 0, 0), 3)
  for (const again of [0, 1, 3]) {
    pace.begin(again, 0)
    t.notOk(pace.take(3, 0), `a connection from piece ${again} is no seek`)
  }
  pace.begin(500, 0)
  t.equal(grants(pace, 500, 0), 3)
  pace.begin(3, 0)
  t.notOk(pace.take(3, 0), 'nor is going back to where it was')
  t.end()
})

test('pace: what was granted once is granted again, what is in hand costs nothing', (t) => {
  const pace = new Pace(PIECE, RATE, 0)
  pace.begin(0, 0)
  t.equal(grants(pace, 0, 0), 3)
  t.ok(pace.take(1, 0), 'an ask that was aborted')
  for (let piece = 3; piece < 50; piece++) pace.pass(piece)
  t.notOk(pace.take(50, 0))
  t.ok(pace.take(50, 125))
  t.end()
})

test('pace: another bitrate counts from now on', (t) => {
  const pace = new Pace(PIECE, RATE, 0)
  pace.begin(0, 0)
  grants(pace, 0, 0)
  pace.learn(2 * RATE, 0)
  t.equal(pace.waitMs(0), 63)
  t.notOk(pace.take(3, 0), 'and brings no new allowance')
  t.equal(pace.bytesPerSecond, 2 * RATE)
  t.equal(pace.windowPieces(), (AHEAD_SECONDS * 2 * RATE) / PIECE)
  pace.learn(1, 0)
  t.equal(pace.windowPieces(), AT_ONCE_PIECES, 'never less than three pieces')
  t.end()
})

test('pace: never more than three pieces a seek and twice the bitrate, and never stuck', (t) => {
  const seed = Date.now()
  const step = fc.record({
    waitMs: fc.nat(2000),
    seek: fc.option(fc.nat(100_000), { freq: 8 }),
    greed: fc.integer({ min: 1, max: 40 }),
  })
  const sizes = fc.constantFrom(16_384, 262_144, 4_194_304)
  const rates = fc.integer({ min: 8_000, max: 25_000_000 })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), sizes, rates, (steps, pieceBytes, rate) => {
      const pace = new Pace(pieceBytes, rate, 0)
      const granted = new Set<number>()
      let [nowMs, at, seeks] = [0, 0, 1]
      pace.begin(0, 0)
      for (const { waitMs, seek, greed } of steps) {
        nowMs += waitMs
        if (seek !== null) {
          at = seek
          seeks += 1
          pace.begin(at, nowMs)
        }
        for (let i = 0; i < greed && pace.take(at, nowMs); i++) granted.add(at++)
        const bound = AT_ONCE_PIECES * seeks + (SPEED * rate * nowMs) / 1000 / pieceBytes
        if (granted.size > bound + 1e-6) return false
        // A microsecond for the rounding of binary fractions.
        nowMs += pace.waitMs(nowMs) + 0.001
        if (!pace.take(at, nowMs)) return false
        granted.add(at++)
      }
      return true
    }),
    { seed, numRuns: 300 },
  )
  t.pass(`seed ${seed}`)
  t.end()
})

test('pace: a publisher’s duration is believed within bounds', (t) => {
  t.equal(bytesPerSecondOf(6_000_000, 60), 100_000)
  for (const seconds of [undefined, 0, -1, Number.NaN])
    t.equal(bytesPerSecondOf(6_000_000, seconds), DEFAULT_BYTES_PER_SECOND, String(seconds))
  t.equal(bytesPerSecondOf(6_000_000, 1e-9), 25_000_000)
  t.equal(bytesPerSecondOf(6_000_000, Number.POSITIVE_INFINITY), 8_000)
  t.end()
})
