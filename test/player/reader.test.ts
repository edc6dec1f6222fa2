import fc from 'fast-check'
import test from 'tape'
import { AHEAD_SECONDS, AT_ONCE_PIECES, Pace, SPEED } from '../../src/core/pace.ts'
import { readRange } from '../../src/player/reader.ts'
import { HandClock, MemorySource, noise } from './source.ts'

const PIECE = 1000
const RATE = 500

/** Lets everything that can happen at this moment happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function reading(file: Uint8Array, offset = 0, rate = RATE) {
  const source = new MemorySource(file, PIECE, offset)
  const clock = new HandClock()
  const pace = new Pace(PIECE, rate, 0)
  const stop = new AbortController()
  const read = (start: number, end: number) =>
    readRange({ source, clock, pace }, { start, end }, stop.signal)
  return { source, clock, pace, stop, read }
}

test('reader: asks for three pieces at once and the others at twice the bitrate', async (t) => {
  const { source, clock, read } = reading(noise(20_000))
  const chunks: Uint8Array[] = []
  const done = (async () => {
    for await (const chunk of read(0, 19_999)) chunks.push(chunk)
  })()
  await settle()
  t.deepEqual(source.asked, [0, 1, 2])
  t.equal(chunks.length, 3, 'and hands over what came')
  for (let piece = 3; piece < 20; piece++) {
    clock.step(PIECE)
    t.equal(clock.nowMs(), (piece - 2) * 1000, 'a piece a second is 2 × 500 bytes')
    await settle()
    t.equal(source.asked.length, piece + 1)
  }
  await done
  t.deepEqual(Buffer.concat(chunks), Buffer.from(noise(20_000)))
  t.equal(clock.pending, 0, 'no timer is left')
})

test('reader: does not go more than 30 s ahead of a consumer that does not read', async (t) => {
  const { source, clock, read } = reading(noise(100_000))
  const iterator = read(0, 99_999)
  await iterator.next()
  for (let second = 0; second < 200; second++) {
    clock.step(1000)
    await settle()
  }
  t.equal(source.asked.length, 3, 'while nothing is taken nothing is asked for')
  let mostBytes = 0
  for (let taken = 2; taken < 60; taken++) {
    clock.step(2000)
    await iterator.next()
    await settle()
    const aheadBytes = source.asked.length * PIECE - taken * PIECE
    mostBytes = Math.max(mostBytes, aheadBytes)
  }
  t.ok(mostBytes <= AHEAD_SECONDS * RATE, `${mostBytes / RATE} s ahead at most`)
  t.ok(mostBytes > AHEAD_SECONDS * RATE - 2 * PIECE, 'and a reader at the bitrate gets as far')
  await iterator.return()
})

test('reader: an abort ends a wait for a piece, a wait for the pace, and every ask', async (t) => {
  for (const isStuck of [true, false]) {
    const { source, clock, stop, read } = reading(noise(20_000))
    if (isStuck) source.arrive = () => new Promise(() => {})
    const iterator = read(0, 19_999)
    const reason = new Error('the player left')
    const failed = (async () => {
      for await (const _ of iterator);
    })().catch((err: unknown) => err)
    await settle()
    stop.abort(reason)
    t.equal(await failed, reason)
    await settle()
    t.deepEqual([...source.aborted], isStuck ? [0, 1, 2] : [])
    t.equal(clock.pending, 0, 'no timer is left')
    const asked = source.asked.length
    clock.step(60_000)
    await settle()
    t.equal(source.asked.length, asked, 'nothing more is asked for')
  }
})

test('reader: a consumer that returns early ends every ask', async (t) => {
  const { source, read } = reading(noise(20_000))
  source.arrive = (piece) => (piece === 0 ? Promise.resolve() : new Promise(() => {}))
  for await (const _ of read(0, 19_999)) break
  await settle()
  t.deepEqual([...source.aborted], [1, 2])
})

test('reader: a piece that fails fails the reading when its turn comes, not before', async (t) => {
  const { source, read } = reading(noise(20_000))
  const fault = new Error('over budget')
  source.arrive = async (piece) => {
    if (piece === 2) throw fault
  }
  const iterator = read(0, 19_999)
  t.equal((await iterator.next()).value?.length, PIECE)
  t.equal((await iterator.next()).value?.length, PIECE)
  const failed = await iterator.next().catch((err: unknown) => err)
  t.equal(failed, fault)
})

test('reader: hurries the piece that it waits for, once, and no other', async (t) => {
  const { source, clock, read } = reading(noise(20_000), 0, 4000)
  source.held.add(0)
  source.arrive = (piece) => new Promise((resolve) => clock.after(piece === 3 ? 5000 : 1, resolve))
  const done = (async () => {
    for await (const _ of read(0, 4999));
  })()
  for (let turn = 0; turn < 20; turn++) {
    await settle()
    clock.step(1000)
  }
  await done
  t.deepEqual(source.asked, [1, 2, 3, 4])
  t.deepEqual(source.hurried, [1, 3], 'not 0, which was there, nor those that came in time')
})

test('reader: what is in hand is read without a wait', async (t) => {
  const { source, clock, read } = reading(noise(50_000))
  for (let piece = 0; piece < 50; piece++) source.held.add(piece)
  let bytes = 0
  for await (const chunk of read(0, 49_999)) bytes += chunk.length
  t.deepEqual([bytes, clock.nowMs(), source.asked], [50_000, 0, []])
})

test('reader: any range at any place gives its bytes, within the pace, and ends', async (t) => {
  const seed = Date.now()
  const cases = fc.record({
    fileBytes: fc.integer({ min: 1, max: 30_000 }),
    offset: fc.nat(5000),
    from: fc.nat(),
    length: fc.nat(),
    rate: fc.integer({ min: 50, max: 100_000 }),
    late: fc.array(fc.nat(40), { maxLength: 20 }),
    held: fc.array(fc.nat(35), { maxLength: 20 }),
  })
  await fc.assert(
    fc.asyncProperty(cases, async ({ fileBytes, offset, rate, ...random }) => {
      const file = noise(fileBytes)
      const { source, clock, read } = reading(file, offset, rate)
      for (const piece of random.held) source.held.add(piece)
      source.arrive = (piece) =>
        new Promise((resolve) => clock.after((random.late[piece % 20] ?? 0) * 100, resolve))
      const start = random.from % fileBytes
      const end = start + (random.length % (fileBytes - start))
      const chunks: Uint8Array[] = []
      let isDone = false
      const done = (async () => {
        for await (const chunk of read(start, end)) chunks.push(chunk)
        isDone = true
      })()
      while (!isDone) {
        await new Promise((resolve) => setImmediate(resolve))
        const bound = AT_ONCE_PIECES + (SPEED * rate * clock.nowMs()) / 1000 / PIECE
        if (source.asked.length > bound + 1e-6) throw new Error('over the pace')
        if (clock.nowMs() > 3_600_000) throw new Error('stuck')
        clock.step(1000)
      }
      await done
      return Buffer.concat(chunks).equals(file.subarray(start, end + 1))
    }),
    { seed, numRuns: 60 },
  )
  t.pass(`seed ${seed}`)
})
