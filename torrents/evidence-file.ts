/**
 * The file form of evidence: the info dict and the piece beside the message, so that anybody can check it alone
 * (docs/protocol.md §10). The message is kept as the wire has it: its codec is the extension's.
 * @module
 */
import bencode from 'bencode'
import { badTorrent, readBytes, readDict } from './dict.ts'
import { MAX_INFO_BYTES, MAX_PIECE_BYTES, parseInfo, type SealedTorrent } from './info.ts'

/** Longest evidence message, in bytes: one message of the wire (docs/protocol.md §8). */
const MAX_MESSAGE_BYTES = 65_536

/** Longest evidence file accepted, in bytes. */
export const MAX_EVIDENCE_BYTES: number =
  MAX_INFO_BYTES + MAX_PIECE_BYTES + MAX_MESSAGE_BYTES + 1_024

/** What an evidence file holds. */
export interface EvidenceFile {
  readonly torrent: SealedTorrent
  /** The evidence message, bencoded as on the wire. */
  readonly message: Uint8Array
  /** Ciphertext piece, for the form `plaintext`. */
  readonly piece?: Uint8Array
}

/** Writes an evidence file: a bencoded dictionary of info, message and piece. */
export function buildEvidenceFile({ torrent, message, piece }: EvidenceFile): Uint8Array {
  const info = torrent.infoBytes
  return bencode.encode(piece === undefined ? { info, message } : { info, message, piece })
}

/**
 * Reads an evidence file; what it holds is then judged by `checkEvidence`.
 * @throws LntError `BAD_TORRENT`, `NOT_SEALED`
 */
export function parseEvidenceFile(bytes: Uint8Array): EvidenceFile {
  if (bytes.length > MAX_EVIDENCE_BYTES) throw badTorrent('evidence file too long')
  const file = readDict(bytes)
  const torrent = parseInfo(readBytes(file, 'info'))
  const message = readBytes(file, 'message')
  if (message.length > MAX_MESSAGE_BYTES) throw badTorrent('message too long')
  return file.has('piece')
    ? { torrent, message, piece: readBytes(file, 'piece') }
    : { torrent, message }
}
