/** A small torrent sealed for a test, with everything that its publisher has. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concat } from '../../src/core/bytes.ts'
import { leafOf } from '../../src/core/geometry.ts'
import { applyCipher } from '../../torrents/cipher.ts'
import { CouponSeeds } from '../../torrents/coupons.ts'
import type { SealedTorrent } from '../../torrents/info.ts'
import { cipherKey, keyOf, publisherSeed, rootKey, type SpanKey } from '../../torrents/keys.ts'
import { type RecordTable, recordTable } from '../../torrents/records.ts'
import { seal } from '../../torrents/seal.ts'

export interface Shelf {
  readonly master: Uint8Array
  readonly plain: Uint8Array
  readonly torrent: SealedTorrent
  readonly table: RecordTable
  readonly root: SpanKey
  readonly seeds: CouponSeeds
  readonly publisher: Uint8Array
  /** Ciphertext of a piece. */
  readonly piece: (index: number) => Uint8Array
}

export const MASTER: Uint8Array = new Uint8Array(32).fill(9)

/** Seals `pieces` pieces of 16 bytes, the last one of `last` bytes. */
export async function shelf(path: string, pieces: number, last = 16, c = 2): Promise<Shelf> {
  const plain = Uint8Array.from(
    { length: 16 * (pieces - 1) + last },
    (_, i) => (i * 7 + pieces) % 251,
  )
  const source = join(path, `p${pieces}-${last}-${c}`)
  writeFileSync(source, plain)
  const options = { master: MASTER, name: 'shelf', pieceBytes: 16, c, threads: 0 }
  const { torrent, rows } = await seal([{ source, path: ['shelf'] }], options)
  const root = { span: 1, key: rootKey(MASTER, torrent.salt) }
  const piece = (index: number): Uint8Array =>
    applyCipher(
      cipherKey(keyOf(root, leafOf(pieces, index))),
      plain.subarray(16 * index, 16 * (index + 1)),
    )
  return {
    master: MASTER,
    plain,
    torrent,
    table: recordTable(rows, pieces),
    root,
    seeds: CouponSeeds.ofMaster(MASTER, torrent.salt, c),
    publisher: publisherSeed(MASTER),
    piece,
  }
}

/** The whole ciphertext. */
export function ciphertext({ torrent, piece }: Shelf): Uint8Array {
  return concat(...Array.from({ length: torrent.pieces }, (_, i) => piece(i)))
}
