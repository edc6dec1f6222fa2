/**
 * A stock webtorrent, as anybody has one: `node plain-peer.ts MAGNET FOLDER` says each piece that it verified, and `done`.
 * @module
 */
import WebTorrent from 'webtorrent'

const [, , magnet = '', path = ''] = process.argv
const stock = new WebTorrent({
  dht: false,
  lsd: false,
  tracker: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
})
const torrent = stock.add(magnet, { path })
torrent.on('verified', (piece: number) => console.log(`piece ${piece}`))
torrent.on('done', () => {
  console.log('done')
  stock.destroy(() => {})
})
