import { join } from 'node:path'
import test from 'tape'
import { concat, toHex } from '../../src/core/bytes.ts'
import { leafOf } from '../../src/core/geometry.ts'
import { applyCipher } from '../../torrents/cipher.ts'
import { CouponSeeds, couponTree } from '../../torrents/coupons.ts'
import { cipherKey, keyOf, rootKey } from '../../torrents/keys.ts'
import { recordTable } from '../../torrents/records.ts'
import { seal } from '../../torrents/seal.ts'
import { findSources } from '../../torrents/sources.ts'
import { folder } from './folder.ts'
import { at, bytes, number } from './vectors.ts'

const master = bytes('v1_keys.master')

for (const [i, name] of ['one', 'two', 'free', 'c8'].entries()) {
  test(`vectors v9: sealing ${name} gives its info dict, byte for byte`, async (t) => {
    const of = `v9_edges.${i}`
    const plain = bytes(`${of}.plain`)
    const path = folder(t, { [name]: plain })
    const c = number(`${of}.c`)
    const pieceBytes = number(`${of}.pieceLen`)
    const options = { master, name, c, pieceBytes, free: name === 'free' ? [2] : [] }
    const { torrent, rows } = await seal(findSources([join(path, name)]).sources, options)
    t.equal(torrent.pieces, number(`${of}.n`))
    t.equal(toHex(torrent.salt), at(`${of}.salt`))
    t.equal(toHex(torrent.root), at(`${of}.root`))
    t.equal(toHex(torrent.infoBytes), at(`${of}.info`))
    t.equal(toHex(torrent.infoHash), at(`${of}.infohash_v1`))
    t.equal(toHex(torrent.infoSha256), at(`${of}.x_lnt`))

    const root = { span: 1, key: rootKey(master, torrent.salt) }
    const pieces = Array.from({ length: torrent.pieces }, (_, piece) =>
      applyCipher(
        cipherKey(keyOf(root, leafOf(torrent.pieces, piece))),
        plain.subarray(piece * pieceBytes, (piece + 1) * pieceBytes),
      ),
    )
    t.equal(toHex(concat(...pieces)), at(`${of}.cipher`))
    const seeds = CouponSeeds.ofMaster(master, torrent.salt, c)
    t.equal(toHex(couponTree(seeds, 1, root.key).path(0)), at(`${of}.offer_1_0.cpath`))
    const record = recordTable(rows, torrent.pieces).get(1)
    t.equal(record && toHex(record.rpath), at(`${of}.offer_1_0.rpath`))
  })
}
