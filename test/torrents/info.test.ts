import bencode from 'bencode'
import fc from 'fast-check'
import test from 'tape'
import { concat, toHex, u32 } from '../../src/core/bytes.ts'
import { hasCode } from '../../src/core/errors.ts'
import { freePieces } from '../../torrents/free.ts'
import { buildInfo, parseInfo } from '../../torrents/info.ts'
import { buildMetainfo, parseMetainfo } from '../../torrents/metainfo.ts'
import { codeOf } from './thrown.ts'
import { bytes } from './vectors.ts'

type Field = unknown
const vector = bytes('v4_record.info')
const key = new Uint8Array(32).fill(1)
const lnt = { c: 2, e: 'aes-256-ctr', pk: key, root: key, salt: key, v: 1 }
const good = { length: 67, lnt, name: 'fox', 'piece length': 16, pieces: new Uint8Array(100) }
const folder = { lnt, name: 'fox', 'piece length': 16, pieces: new Uint8Array(100) }
const file = (...path: string[]): Field => ({ length: 40, path })
const free = (...spans: number[]): Uint8Array => concat(...spans.flatMap((v) => [u32(v), key]))

const withLnt = (fields: object): Field => ({ ...good, lnt: { ...lnt, ...fields } })
const named = (name: Field): Field => ({ ...good, name })
const files = (...list: Field[]): Field => ({ ...folder, files: list })

const TAKEN: Readonly<Record<string, Field>> = {
  'one file': good,
  'two files': files(file('a'), { length: 27, path: ['b'] }),
  'an empty file beside another': files({ length: 0, path: ['a'] }, { length: 67, path: ['b'] }),
  'unknown keys': { ...good, private: 1, lnt: { ...lnt, zzz: [1] } },
  'free spans': withLnt({ free: free(2, 12) }),
  'a name in another script': named('映画 ①.mp4'),
}

const REFUSED: Readonly<Record<string, Field>> = {
  'meta version': { ...good, 'meta version': 2 },
  'a file tree': { ...good, 'file tree': {} },
  'another v': withLnt({ v: 2 }),
  'no v': { ...good, lnt: { ...lnt, v: undefined } },
  'another cipher': withLnt({ e: 'aes-128-ctr' }),
  'c of 17': withLnt({ c: 17 }),
  'c below 0': withLnt({ c: -1 }),
  'pk of 31 bytes': withLnt({ pk: key.subarray(1) }),
  'root that is a number': withLnt({ root: 1 }),
  'lnt that is no dictionary': { ...good, lnt: 1 },
  'free that is empty': withLnt({ free: free() }),
  'free that is cut': withLnt({ free: free(2).subarray(1) }),
  'free that descends': withLnt({ free: free(12, 8) }),
  'free twice': withLnt({ free: free(8, 8) }),
  'free under another': withLnt({ free: free(2, 8) }),
  'free that does not exist': withLnt({ free: free(13) }),
  'free span 0': withLnt({ free: free(0) }),
  'more pieces than the length': { ...good, length: 64 },
  'fewer pieces than the length': { ...good, length: 81 },
  'pieces of 99 bytes': { ...good, pieces: new Uint8Array(99) },
  'no bytes': { ...good, length: 0, pieces: new Uint8Array() },
  'piece length 0': { ...good, 'piece length': 0 },
  'a huge piece length': { ...good, 'piece length': 2 ** 27, pieces: new Uint8Array(20) },
  'length and files': { ...good, files: [file('a')] },
  'no files': files(),
  'a file without path': files({ length: 67, path: [] }),
  'a path that is text': files({ length: 67, path: 'a' }),
  'a pad file': files(file('a'), { length: 27, attr: 'p', path: ['.pad', '27'] }),
  'a pad file by name': files(file('a'), { length: 27, path: ['.pad', '27'] }),
  'a link': files({ length: 67, attr: 'l', path: ['a'] }),
  'path.utf-8': files({ length: 67, path: ['a'], 'path.utf-8': ['..'] }),
  'name.utf-8': { ...good, 'name.utf-8': '..' },
  'two files of one name': files(file('a'), { length: 27, path: ['a'] }),
  'two files of one name but for case': files(file('Ä'), { length: 27, path: ['ä'] }),
  'two files of one name but for dots': files(file('a'), { length: 27, path: ['a.'] }),
  'a file and a folder of one name': files(file('a'), { length: 27, path: ['A', 'b'] }),
  'a path of 40 folders': files(file(...Array.from({ length: 40 }, () => 'a'))),
  'a long path': files(file(...Array.from({ length: 6 }, () => 'a'.repeat(200)))),
  '..': named('..'),
  '.': named('.'),
  'an empty name': named(''),
  'three dots': named('...'),
  'a slash': named('a/b'),
  'a backslash': named('a\\b'),
  'an absolute path': named('/etc/passwd'),
  'a drive': named('C:x'),
  NUL: named('a\0b'),
  'a line break': named('a\nb'),
  'an escape': named('\u001b[2J'),
  'a C1 control': named('a\u0085b'),
  'a turn of the line': named('a\u202egpj.exe'),
  CON: named('CON'),
  'nul.txt': named('nul.txt'),
  'com1 .log': named('com1 .log'),
  'a long name': named('a'.repeat(256)),
  'a name that is not UTF-8': named(Uint8Array.of(0xff)),
  '.. in a path': files({ length: 67, path: ['a', '..', 'b'] }),
}

test('info: the vector is read, and written again byte for byte', (t) => {
  const torrent = parseInfo(vector)
  t.equal(toHex(buildInfo({ ...torrent, free: [] }).infoBytes), toHex(vector))
  t.end()
})

for (const [name, info] of Object.entries(TAKEN)) {
  test(`info: takes ${name}`, (t) => {
    const torrent = parseInfo(bencode.encode(info))
    t.equal(torrent.pieces, 5)
    const { files: read } = torrent
    t.equal(
      read.reduce((end, { offset, bytes: length }) => (offset === end ? end + length : NaN), 0),
      torrent.totalBytes,
      'files lie one after the other',
    )
    t.end()
  })
}

for (const [name, info] of Object.entries(REFUSED)) {
  test(`info: refuses ${name}`, (t) => {
    t.equal(
      codeOf(() => parseInfo(bencode.encode(info))),
      'BAD_TORRENT',
    )
    t.end()
  })
}

test('info: an ordinary torrent is NOT_SEALED, with its name', (t) => {
  try {
    parseInfo(bencode.encode({ ...good, lnt: undefined }))
    t.fail('taken')
  } catch (err) {
    t.ok(hasCode(err, 'NOT_SEALED') && err.detail.name === 'fox')
  }
  t.end()
})

test('info: a value that is no dictionary is refused', (t) => {
  for (const value of ['i1e', 'le', '3:fox'])
    t.equal(
      codeOf(() => parseInfo(new TextEncoder().encode(value))),
      'BAD_TORRENT',
    )
  t.end()
})

test('info: an encoding that is not canonical is refused', (t) => {
  const text = Buffer.from(vector).toString('latin1')
  for (const spelt of [
    text.replace('6:lengthi67e', '6:lengthi067e'),
    text.replace('6:lengthi67e', ''),
    `${text}e`,
    text.replace('6:lengthi67e', '').replace('4:name3:fox', '4:name3:fox6:lengthi67e'),
  ])
    t.equal(
      codeOf(() => parseInfo(Buffer.from(spelt, 'latin1'))),
      'BAD_TORRENT',
    )
  t.end()
})

test('info: any bytes, and any change of one byte, give a torrent or the typed error', (t) => {
  const typed = (given: Uint8Array): boolean => {
    const code = codeOf(() => parseInfo(given))
    return code === undefined || code === 'BAD_TORRENT' || code === 'NOT_SEALED'
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), typed), { numRuns: 3000, seed: 5 })
  const changed = fc.tuple(fc.nat(vector.length - 1), fc.nat(255))
  fc.assert(
    fc.property(changed, ([i, byte]) => typed(vector.with(i, byte))),
    { numRuns: 3000, seed: 6 },
  )
  t.pass('seeds 5 and 6')
  t.end()
})

test('info: free pieces of a span are counted once', (t) => {
  const torrent = parseInfo(bencode.encode(withLnt({ free: free(4, 12) })))
  t.deepEqual(
    [1, 2, 3, 4, 5, 8, 12].map((span) => freePieces(torrent, span)),
    [3, 2, 1, 2, 0, 1, 1],
  )
  t.end()
})

test('metainfo: a .torrent gives back torrent and trackers', (t) => {
  const torrent = parseInfo(vector)
  for (const announce of [[], ['udp://t:1/'], ['udp://t:1/', 'wss://u/']]) {
    const found = parseMetainfo(buildMetainfo({ torrent, announce }))
    t.deepEqual(found.announce, announce)
    t.deepEqual(found.torrent, torrent)
  }
  t.end()
})

test('metainfo: hostile .torrent files are refused, wrong trackers left out', (t) => {
  const info = bencode.encode({ info: 1 })
  t.equal(
    codeOf(() => parseMetainfo(info)),
    'BAD_TORRENT',
  )
  t.equal(
    codeOf(() => parseMetainfo(new Uint8Array())),
    'BAD_TORRENT',
  )
  t.equal(
    codeOf(() => parseMetainfo(bencode.encode({ info: { ...good, lnt: undefined } }))),
    'NOT_SEALED',
  )
  const list = [['file:///etc/passwd', 'udp://t:1/'], 7, ['udp://t:1/']]
  const found = parseMetainfo(
    bencode.encode({ info: good, announce: 'http://x/', 'announce-list': list }),
  )
  t.deepEqual(found.announce, ['udp://t:1/'])
  t.end()
})
