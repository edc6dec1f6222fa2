import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'tape'
import { ask } from './http.ts'
import { FILE, PIECE, serving } from './serving.ts'
import { MemorySource } from './source.ts'

const N = FILE.length
const tag = `"${Buffer.from('id').toString('base64url')}"`

/** Range header, status, Content-Range, and the bytes expected: from, until. */
const ranges: readonly (readonly [string, number, string | undefined, number, number])[] = [
  ['bytes=0-', 206, `bytes 0-${N - 1}/${N}`, 0, N],
  ['bytes=0-0', 206, `bytes 0-0/${N}`, 0, 1],
  ['bytes=0-99', 206, `bytes 0-99/${N}`, 0, 100],
  ['BYTES=0-99', 206, `bytes 0-99/${N}`, 0, 100],
  [`bytes=${PIECE - 1}-${PIECE}`, 206, `bytes ${PIECE - 1}-${PIECE}/${N}`, PIECE - 1, PIECE + 1],
  ['bytes=12345-98765', 206, `bytes 12345-98765/${N}`, 12345, 98766],
  [`bytes=${N - 1}-`, 206, `bytes ${N - 1}-${N - 1}/${N}`, N - 1, N],
  ['bytes=-1', 206, `bytes ${N - 1}-${N - 1}/${N}`, N - 1, N],
  ['bytes=-70000', 206, `bytes ${N - 70000}-${N - 1}/${N}`, N - 70000, N],
  [`bytes=-${N + 5}`, 206, `bytes 0-${N - 1}/${N}`, 0, N],
  ['bytes=-99999999999999999999999', 206, `bytes 0-${N - 1}/${N}`, 0, N],
  [`bytes=5-${N + 1000}`, 206, `bytes 5-${N - 1}/${N}`, 5, N],
  ['bytes=5-99999999999999999999999', 206, `bytes 5-${N - 1}/${N}`, 5, N],
  ['bytes= 1-2 ', 206, `bytes 1-2/${N}`, 1, 3],
  ['bytes=0-9, 10-19', 206, `bytes 0-19/${N}`, 0, 20],
  ['bytes=10-29,0-14', 206, `bytes 0-29/${N}`, 0, 30],
  [`bytes=0-9,${N}-`, 206, `bytes 0-9/${N}`, 0, 10],
  ['bytes=0-9,1000-1009', 200, undefined, 0, N],
  [`bytes=${'0-1,'.repeat(16)}0-1`, 200, undefined, 0, N],
  [`bytes=${N}-`, 416, `bytes */${N}`, 0, 0],
  [`bytes=${N}-${N + 1}`, 416, `bytes */${N}`, 0, 0],
  ['bytes=99999999999999999999-', 416, `bytes */${N}`, 0, 0],
  ['bytes=-0', 416, `bytes */${N}`, 0, 0],
  ['bytes=5-2', 200, undefined, 0, N],
  ['bytes=-', 200, undefined, 0, N],
  ['bytes=', 200, undefined, 0, N],
  ['bytes', 200, undefined, 0, N],
  ['bytes=a-b', 200, undefined, 0, N],
  ['bytes=0x0-5', 200, undefined, 0, N],
  ['bytes=1-2,x', 200, undefined, 0, N],
  ['bytes=--5', 200, undefined, 0, N],
  ['bytes=1.5-3', 200, undefined, 0, N],
  ['seconds=0-1', 200, undefined, 0, N],
  ['', 200, undefined, 0, N],
]

test('player: a range is answered byte for byte, whatever the file’s place in the torrent', async (t) => {
  for (const offset of [0, 5, PIECE, 3 * PIECE - 1])
    await serving(new MemorySource(FILE, PIECE, offset), async ({ url }, failures) => {
      for (const [range, status, contentRange, from, until] of ranges) {
        const { body, headers, ...reply } = await ask(url, { headers: { range } })
        const got = {
          status: reply.status,
          isWhole: reply.isWhole,
          contentRange: headers['content-range'],
          length: headers['content-length'],
          isEqual: body.equals(FILE.subarray(from, until)),
          accepts: headers['accept-ranges'],
        }
        const want = {
          status,
          isWhole: true,
          contentRange,
          length: String(until - from),
          isEqual: true,
          accepts: 'bytes',
        }
        t.deepEqual(got, want, `at ${offset}, ${range || 'an empty header'}`)
      }
      t.deepEqual(failures, [])
    })
})

test('player: without a range, and to HEAD, the whole file is meant', async (t) => {
  const source = new MemorySource(FILE, PIECE)
  await serving(source, async ({ url }) => {
    for (const headers of [{}, { range: 'bytes=0-0' }, { range: `bytes=${N}-` }]) {
      const head = await ask(url, { method: 'HEAD', headers })
      t.equal(head.status, 200)
      t.equal(head.headers['content-length'], String(N))
      t.equal(head.headers['content-type'], 'video/mp4')
      t.equal(head.headers.etag, tag)
      t.equal(head.body.length, 0)
    }
    t.deepEqual(source.asked, [], 'HEAD buys nothing')
    const whole = await ask(url)
    t.equal(whole.status, 200)
    t.ok(whole.body.equals(FILE))
    t.equal(whole.headers['access-control-allow-origin'], undefined, 'no other page may read it')
  })
})

test('player: preconditions are evaluated with the strong ETag', async (t) => {
  await serving(new MemorySource(FILE, PIECE), async ({ url }) => {
    const range = 'bytes=0-9'
    for (const [headers, status] of [
      [{ range, 'if-range': tag }, 206],
      [{ range, 'if-range': 'W/"x"' }, 200],
      [{ range, 'if-range': `W/${tag}` }, 200],
      [{ range, 'if-range': '"other"' }, 200],
      [{ range, 'if-range': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 200],
      [{ 'if-range': tag }, 200],
      [{ 'if-none-match': tag }, 304],
      [{ 'if-none-match': `"a", W/${tag}` }, 304],
      [{ 'if-none-match': '*' }, 304],
      [{ 'if-none-match': '"other"', range }, 206],
      [{ 'if-match': tag, range }, 206],
      [{ 'if-match': '*', range }, 206],
      [{ 'if-match': '"other"', range }, 412],
      [{ 'if-match': `W/${tag}` }, 412],
    ] as const)
      t.equal((await ask(url, { headers })).status, status, JSON.stringify(headers))
  })
})

test('player: an empty file is whole without a piece', async (t) => {
  await serving(new MemorySource(new Uint8Array(0), PIECE), async ({ url }) => {
    for (const [headers, status] of [
      [{}, 200],
      [{ range: 'bytes=0-' }, 416],
      [{ range: 'bytes=-5' }, 200],
      [{ range: 'bytes=-0' }, 416],
    ] as const) {
      const reply = await ask(url, { headers })
      t.deepEqual([reply.status, reply.body.length, reply.isWhole], [status, 0, true])
    }
  })
})

test('player: who lacks the token, or comes by another name, is refused', async (t) => {
  const source = new MemorySource(FILE, PIECE, 0, 'ein Film 100 % ü?.mp4')
  await serving(source, async ({ url, pageUrl }) => {
    const { origin, port, pathname } = new URL(url)
    const [token] = pathname.slice(1).split('/')
    t.match(token ?? '', /^[0-9a-f]{32}$/)
    for (const [path, status] of [
      ['/', 404],
      ['/film.mp4', 404],
      [`/${token}`, 404],
      [`/${'0'.repeat(32)}/`, 404],
      [`/${token}x/`, 404],
      [`/${token}/other.mp4`, 404],
      [`/${token}/../${token}/`, 404],
      [`/${token}/%`, 404],
      [`/${token}/a/b`, 404],
      [`//${token}/`, 404],
      [`${origin}/${token}/`, 404],
      [`/${token}/`, 200],
      [`/${token}/?x=1`, 200],
      [pathname, 200],
    ] as const)
      t.equal((await rawStatus(Number(port), path)).status, status, path)
    for (const [host, status] of [
      [`127.0.0.1:${port}`, 200],
      [`localhost:${port}`, 200],
      [`LocalHost:${port}`, 200],
      ['localhost', 200],
      ['evil.example', 403],
      [`evil.example:${port}`, 403],
      ['127.0.0.1:1', 403],
      [`[::1]:${port}`, 403],
      [`127.0.0.1.evil.example:${port}`, 403],
      [`127.0.0.1:${port}:1`, 403],
    ] as const)
      t.equal((await ask(pageUrl, { headers: { host } })).status, status, `Host: ${host}`)
    t.equal((await ask(`${origin}/`, { headers: { host: 'evil' } })).status, 403)
    t.equal((await rawStatus(Number(port), '/', '')).status, 403, 'an empty Host')
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const refused = await ask(url, { method })
      t.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD'], method)
    }
    t.deepEqual(source.asked, [], 'and nothing was asked for')
  })
})

/** Sends a path exactly as it is written. */
async function rawStatus(
  port: number,
  path: string,
  host = `127.0.0.1:${port}`,
): Promise<{ status: number }> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`HEAD ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  await once(socket, 'close')
  return { status: Number(text.split(' ')[1]) }
}

test('player: the page shows the film, runs no script and asks nothing elsewhere', async (t) => {
  const source = new MemorySource(FILE, PIECE, 0, `<script>"a" & 'b'</script>.webm`)
  await serving(source, async ({ url, pageUrl }) => {
    const page = await ask(pageUrl)
    const html = page.body.toString()
    t.equal(page.status, 200)
    t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
    t.match(
      String(page.headers['content-security-policy']),
      /^default-src 'none'; media-src 'self';/,
    )
    t.notOk(html.includes('<script'), 'the name is escaped')
    t.notOk(/https?:/.test(html), 'nothing from elsewhere')
    const src = /<video src="([^"]+)"/
      .exec(html)?.[1]
      ?.replaceAll(/&#(\d+);/g, (_all, code) => String.fromCharCode(Number(code)))
    t.equal(new URL(src ?? '', pageUrl).href, new URL(url).href, 'its source is the file')
    const film = await ask(url, { headers: { range: 'bytes=0-9' } })
    t.equal(film.headers['content-type'], 'video/webm')
    t.equal((await ask(pageUrl, { method: 'HEAD' })).body.length, 0)
  })
})

test('player: documents that a browser would run are only handed over as bytes', async (t) => {
  for (const name of ['a.html', 'a.svg', 'a', 'a.pdf'])
    await serving(new MemorySource(FILE, PIECE, 0, name), async ({ url }) => {
      const { headers } = await ask(url, { method: 'HEAD' })
      t.equal(headers['content-type'], 'application/octet-stream', name)
      t.equal(headers['content-disposition'], 'attachment')
      t.equal(headers['x-content-type-options'], 'nosniff')
    })
})
