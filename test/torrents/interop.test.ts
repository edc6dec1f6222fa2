import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import parseTorrent from 'parse-torrent'
import test from 'tape'
import { toHex } from '../../src/core/bytes.ts'
import { buildMagnet } from '../../torrents/magnet.ts'
import { buildMetainfo } from '../../torrents/metainfo.ts'
import { shelf } from './sealed.ts'

test('torrents: parse-torrent reads our .torrent as we do', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lnt-interop-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const { torrent } = await shelf(folder, 5, 3)
  const announce = ['http://127.0.0.1:1/announce']
  const parsed = await parseTorrent(buildMetainfo({ torrent, announce }))
  t.equal(parsed.infoHash, toHex(torrent.infoHash))
  t.equal(parsed.name, torrent.name)
  t.equal(parsed.length, torrent.totalBytes)
  t.equal(parsed.pieceLength, torrent.pieceBytes)
  t.equal(parsed.pieces?.join(''), toHex(torrent.pieceHashes))
  t.deepEqual(parsed.announce, announce)
})

test('torrents: any client finds the info hash, the peers and the trackers in our magnet', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lnt-interop-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const { torrent } = await shelf(folder, 2)
  const peers = ['127.0.0.1:6881', '[fd00::2]:6881']
  const trackers = ['udp://127.0.0.1:1']
  const parsed = await parseTorrent(buildMagnet({ ...torrent, peers, trackers }))
  t.equal(parsed.infoHash, toHex(torrent.infoHash))
  t.equal(parsed.name, torrent.name)
  t.deepEqual(parsed.peerAddresses, peers)
  t.deepEqual(parsed.announce, trackers)
})
