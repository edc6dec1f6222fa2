import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import test from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import { servePlayer } from '../../src/player/server.ts'
import { ask, open, until } from './http.ts'
import { FILE, PIECE, serving } from './serving.ts'
import { MemorySource, noise, realClock } from './source.ts'

test('player: a reader that leaves takes its asks along', async (t) => {
  const source = new MemorySource(FILE, PIECE)
  source.arrive = (piece) => (piece < 2 ? Promise.resolve() : new Promise(() => {}))
  await serving(source, async ({ url, activity }) => {
    const response = await open(url)
    await once(response, 'data')
    await until(() => source.asked.length >= 3 && activity().servedBytes === 2 * PIECE)
    t.equal(activity().openStreams, 1)
    response.destroy()
    await until(() => activity().openStreams === 0)
    const asked = [...source.asked]
    t.deepEqual(
      asked.filter((piece) => !source.held.has(piece)),
      [...source.aborted].sort((a, b) => a - b),
      'every ask that was open is aborted',
    )
    await ask(url, { headers: { range: 'bytes=0-9' } })
    t.deepEqual(source.asked.slice(asked.length).includes(5), false, 'and no more are made')
  })
})

test('player: a failure ends the connection, so that no answer looks whole', async (t) => {
  const source = new MemorySource(FILE, PIECE)
  const fault = new Error('no seller')
  source.arrive = async (piece) => {
    if (piece === 4) throw fault
  }
  await serving(source, async ({ url, activity }, failures) => {
    const reply = await ask(url)
    t.equal(reply.status, 200)
    t.notOk(reply.isWhole)
    t.ok(reply.body.length <= 4 * PIECE)
    t.ok(reply.body.equals(FILE.subarray(0, reply.body.length)), 'what came is right')
    t.deepEqual(failures, [fault])
    t.equal(activity().openStreams, 0)
    t.equal((await ask(url, { headers: { range: 'bytes=0-9' } })).body.length, 10, 'others go on')
  })
})

test('player: several connections read at once', async (t) => {
  await serving(new MemorySource(FILE, PIECE), async ({ url, activity }) => {
    const starts = [0, 1, 50_000, 100_000, 150_000, 199_990]
    const replies = await Promise.all(
      starts.map((start) => ask(url, { headers: { range: `bytes=${start}-` } })),
    )
    for (const [i, reply] of replies.entries())
      t.ok(reply.body.equals(FILE.subarray(starts[i])), `from ${starts[i]}`)
    t.equal(
      activity().servedBytes,
      starts.reduce((sum, start) => sum + FILE.length - start, 0),
    )
  })
})

test('player: a player that reads nothing stops the buying', async (t) => {
  const film = noise(12_000_000)
  const source = new MemorySource(film, 256 * 1024)
  await serving(source, async ({ url, activity }) => {
    const response = await open(url)
    let last = -1
    // Until nothing has moved for 200 looks of 5 ms each: the kernel's buffers are full.
    for (let still = 0; still < 200; still = activity().servedBytes === last ? still + 1 : 0) {
      last = activity().servedBytes
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    t.ok(last < film.length, `${last} of ${film.length} bytes were taken by buffers`)
    const bound = last + 32 * 2 ** 20
    t.ok(source.asked.length * 256 * 1024 <= bound, 'at most a window ahead of that was asked for')
    response.destroy()
    await until(() => activity().openStreams === 0)
  })
})

test('player: activity counts what is served, where, and what is ready', async (t) => {
  const source = new MemorySource(FILE, PIECE)
  await serving(source, async ({ url, activity }) => {
    for (const piece of [0, 1, 2, 5]) source.held.add(piece)
    t.equal(activity().bufferSeconds, (3 * PIECE) / 25_000_000)
    await ask(url, { headers: { range: 'bytes=0-9' } })
    const { servedBytes, openStreams, positionBytes, bufferSeconds } = activity()
    t.deepEqual([servedBytes, openStreams, positionBytes], [10, 0, 10])
    t.equal(bufferSeconds, (3 * PIECE - 10) / 25_000_000)
  })
})

test('player: a port that is taken is PORT_IN_USE', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' && address ? address.port : 0
  try {
    await servePlayer({ source: new MemorySource(FILE, PIECE), clock: realClock, id: 'x', port })
    t.fail('it started')
  } catch (err) {
    t.ok(hasCode(err, 'PORT_IN_USE') && err.detail.port === port, String(err))
  }
  other.close()
  await once(other, 'close')
})

test('player: close ends streams that are under way', async (t) => {
  const source = new MemorySource(FILE, PIECE)
  source.arrive = (piece) => (piece < 2 ? Promise.resolve() : new Promise(() => {}))
  const server = await servePlayer({ source, clock: realClock, id: 'x' })
  const reply = ask(server.url)
  await until(() => server.activity().servedBytes >= PIECE)
  await server.close()
  t.notOk((await reply).isWhole)
  await until(() => server.activity().openStreams === 0)
  t.ok(source.aborted.size > 0)
})

test('player: a client that dawdles over its request, or comes 17th, is let go', async (t) => {
  await serving(new MemorySource(FILE, PIECE), async ({ url }) => {
    const port = Number(new URL(url).port)
    const dawdler = connect(port, '127.0.0.1')
    dawdler.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-')
    let answer = ''
    dawdler.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
    })
    const others = Array.from({ length: 15 }, () => connect(port, '127.0.0.1'))
    await Promise.all(others.map((socket) => once(socket, 'connect')))
    await once(connect(port, '127.0.0.1').resume(), 'close')
    t.pass('the 17th')
    for (const socket of others) socket.destroy()
    await until(() => dawdler.closed)
    t.match(answer, /^HTTP\/1\.1 408 /, 'the dawdler is told, after five seconds')
  })
})
