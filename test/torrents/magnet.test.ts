import { base32 } from '@scure/base'
import fc from 'fast-check'
import test from 'tape'
import { toHex } from '../../src/core/bytes.ts'
import { buildMagnet, MAX_MAGNET, parseMagnet } from '../../torrents/magnet.ts'
import { codeOf } from './thrown.ts'
import { at, bytes } from './vectors.ts'

const infoHash = bytes('v4_record.infohash_v1')
const infoSha256 = bytes('v15_magnet.info_sha256')
const btih = `xt=urn:btih:${toHex(infoHash)}`
const lnt = `x.lnt=${toHex(infoSha256)}`
const good = `magnet:?${btih}&${lnt}`

test('vectors v15: the magnet of the torrent, both ways', (t) => {
  const magnet = { infoHash, infoSha256, name: 'fox', peers: ['127.0.0.1:6881'], trackers: [] }
  t.equal(buildMagnet(magnet), at('v15_magnet.magnet'))
  t.deepEqual(parseMagnet(String(at('v15_magnet.magnet'))), magnet)
  t.end()
})

/** The names of v15_magnet.refused, and more. */
const REFUSED: Readonly<Record<string, string>> = {
  'two x.lnt': `${good}&${lnt}`,
  'x.lnt in upper case': `magnet:?${btih}&x.lnt=${toHex(infoSha256).toUpperCase()}`,
  'x.lnt of 63 digits': good.slice(0, -1),
  'no x.lnt': `magnet:?${btih}`,
  'two btih': `${good}&${btih}`,
  'a second btih as xt.1': `${good}&xt.1=urn:btih:${'0'.repeat(40)}`,
  'a second x.lnt in another case': `${good}&X.LNT=${toHex(infoSha256)}`,
  'no btih': `magnet:?${lnt}`,
  'btih of 39 digits': good.replace(btih, btih.slice(0, -1)),
  'empty x.lnt': `magnet:?${btih}&x.lnt=`,
  'no magnet': good.replace('magnet', 'http'),
  'a control character in dn': `${good}&dn=a%1b%5b2J`,
  'a text that turns round in dn': `${good}&dn=%E2%80%AEgpj.exe`,
  'a peer without port': `${good}&x.pe=127.0.0.1`,
  'a peer with port 0': `${good}&x.pe=127.0.0.1:0`,
  'a peer with port 65536': `${good}&x.pe=127.0.0.1:65536`,
  'a peer with a path': `${good}&x.pe=127.0.0.1/x:80`,
  'too many peers': good + '&x.pe=127.0.0.1:1'.repeat(65),
  'too many trackers': good + '&tr=udp://a:1'.repeat(65),
  'too many fields': good + '&z=1'.repeat(300),
  'too long': good + '&z='.padEnd(MAX_MAGNET, 'z'),
}

test('magnet: every refusal of the vectors is tried', (t) => {
  for (const name of at('v15_magnet.refused') as string[]) t.ok(name in REFUSED, name)
  t.end()
})

for (const [name, text] of Object.entries(REFUSED)) {
  test(`magnet: refuses ${name}`, (t) => {
    t.equal(
      codeOf(() => parseMagnet(text)),
      'BAD_MAGNET',
    )
    t.end()
  })
}

test('magnet: takes base32, IPv6 peers, any order and unknown keys', (t) => {
  const text = `MAGNET:?foo=1&tr=udp%3A%2F%2Ft%3A1&tr=gopher://x&x.pe=[::1]:5&${lnt}&xt=urn:btih:${base32.encode(infoHash).toLowerCase()}`
  const found = parseMagnet(text)
  t.deepEqual(found, { infoHash, infoSha256, peers: ['[::1]:5'], trackers: ['udp://t:1'] })
  t.end()
})

test('magnet: any text gives a magnet or BAD_MAGNET', (t) => {
  const part = fc.oneof(
    fc.constantFrom(btih, lnt, 'xt=', 'x.lnt=', 'x.pe=', 'tr=', 'dn=', '&', '%', '%ff', '=', '+'),
    fc.string({ maxLength: 20 }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const code = codeOf(() => parseMagnet(`magnet:?${parts.join('&')}`))
      return code === undefined || code === 'BAD_MAGNET'
    }),
    { numRuns: 5000, seed: 15 },
  )
  t.pass('seed 15')
  t.end()
})

test('magnet: what was written is read back', (t) => {
  const names = fc.string({ unit: 'grapheme', maxLength: 40 })
  fc.assert(
    fc.property(names, (name) => {
      const magnet = {
        infoHash,
        infoSha256,
        name,
        peers: ['a.example:80'],
        trackers: ['wss://t/a?b=c&d'],
      }
      const code = codeOf(() => {
        const read = parseMagnet(buildMagnet(magnet))
        if (read.name !== name || read.trackers[0] !== 'wss://t/a?b=c&d') throw new Error(read.name)
      })
      return code === undefined || code === 'BAD_MAGNET'
    }),
    { seed: 16 },
  )
  t.pass('seed 16')
  t.end()
})
