/**
 * The SHA-1 of a piece (BEP 3). It guards transport only: what is paid for is bound by SHA-256.
 * @module
 */
import { hash } from 'node:crypto'
import type { SealedTorrent } from '../../torrents/info.ts'
import { equal } from '../core/bytes.ts'

const SHA1_BYTES = 20

/** Whether ciphertext has the hash that the info dict names for the piece. */
export function isRight(torrent: SealedTorrent, piece: number, ciphertext: Uint8Array): boolean {
  const at = piece * SHA1_BYTES
  return equal(
    hash('sha1', ciphertext, 'buffer'),
    torrent.pieceHashes.subarray(at, at + SHA1_BYTES),
  )
}

/** Whether a piece is all zeros: in ciphertext that is a hole of a sparse file. */
export function isHole(bytes: Buffer): boolean {
  // Compared with itself shifted by one byte: one memcmp, no second buffer.
  return bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1))
}
