/**
 * The info dict of a sealed torrent: built, read, checked (docs/protocol.md §5, BEP 3).
 * @module
 */
import bencode from 'bencode'
import type { Dict } from '../src/core/bencode.ts'
import { LntError } from '../src/core/errors.ts'
import { MAX_PIECES, piecesOf } from '../src/core/geometry.ts'
import { MAX_C } from './coupons.ts'
import { badTorrent, readBytes, readDict, readInteger, readText } from './dict.ts'
import { decodeFree, encodeFree } from './free.ts'
import { sha1, sha256 } from './hash.ts'
import { readFiles, readName, type TorrentFile } from './info-files.ts'

export type { TorrentFile }

import type { SpanKey } from './keys.ts'

/** Longest info dict accepted, in bytes: what webtorrent takes by ut_metadata. */
export const MAX_INFO_BYTES = 10_000_000

/** Largest piece, in bytes: a piece is decrypted in memory. */
export const MAX_PIECE_BYTES: number = 2 ** 26

/** Version of the format. */
const VERSION = 1

/** The one cipher of version 1. */
const CIPHER = 'aes-256-ctr'

const SHA1_BYTES = 20
const KEY_BYTES = 32

/** A sealed torrent as its info dict describes it. */
export interface SealedTorrent {
  /** The raw info dict, in its canonical encoding. */
  readonly infoBytes: Uint8Array
  /** SHA-1 of the raw info dict, 20 bytes (BEP 3). */
  readonly infoHash: Uint8Array
  /** SHA-256 of the raw info dict, 32 bytes: `x.lnt` of a magnet. */
  readonly infoSha256: Uint8Array
  readonly name: string
  /** At least one; of a single-file torrent, the one with the path [name]. */
  readonly files: readonly TorrentFile[]
  /** Whether the info dict has a list of files (BEP 3), in a folder of the torrent's name. */
  readonly isFolder: boolean
  readonly pieceBytes: number
  readonly totalBytes: number
  /** Number of pieces, 1 … 2^18. */
  readonly pieces: number
  /** SHA-1 of each ciphertext piece, 20 · pieces bytes. */
  readonly pieceHashes: Uint8Array
  /** log2 of the coupons per span, 0 … 16. */
  readonly c: number
  /** The publisher's Ed25519 public key, 32 bytes. */
  readonly pk: Uint8Array
  /** Root of the record tree, 32 bytes. */
  readonly root: Uint8Array
  /** 32 bytes. */
  readonly salt: Uint8Array
  /** Spans given away, ascending. */
  readonly free: readonly SpanKey[]
}

/** What an info dict is made of. */
export interface InfoParts {
  readonly name: string
  /** In the order of the piece space. One whose path is [name] alone makes a single-file torrent. */
  readonly files: readonly { readonly path: readonly string[]; readonly bytes: number }[]
  readonly pieceBytes: number
  /** 20 · pieces bytes. */
  readonly pieceHashes: Uint8Array
  readonly c: number
  /** 32 bytes. */
  readonly pk: Uint8Array
  /** 32 bytes. */
  readonly root: Uint8Array
  /** 32 bytes. */
  readonly salt: Uint8Array
  /** Ascending; none under another. */
  readonly free?: readonly SpanKey[]
  /** A list of files even for one. */
  readonly isFolder?: boolean
}

/**
 * Builds the info dict of a sealed torrent.
 * @throws {@link LntError} `BAD_TORRENT` when the parts make none that {@link parseInfo} takes
 */
export function buildInfo(parts: InfoParts): SealedTorrent {
  const { name, files, pieceBytes, pieceHashes, c, pk, root, salt, free = [] } = parts
  const lnt = { c, e: CIPHER, pk, root, salt, v: VERSION }
  const [first] = files
  const isSingle =
    parts.isFolder !== true &&
    files.length === 1 &&
    first?.path.length === 1 &&
    first.path[0] === name
  return parseInfo(
    bencode.encode({
      name,
      'piece length': pieceBytes,
      pieces: pieceHashes,
      lnt: free.length > 0 ? { ...lnt, free: encodeFree(free) } : lnt,
      ...(isSingle
        ? { length: first.bytes }
        : { files: files.map(({ path, bytes }) => ({ length: bytes, path })) }),
    }),
  )
}

/**
 * Reads and checks an info dict. Only its canonical encoding is accepted.
 * @param bytes - the raw info dict; kept, not copied
 * @throws {@link LntError} `BAD_TORRENT`; `NOT_SEALED` when it is an ordinary torrent
 */
export function parseInfo(bytes: Uint8Array): SealedTorrent {
  if (bytes.length > MAX_INFO_BYTES) throw badTorrent('info dict too long')
  const info = readDict(bytes)
  const name = readName(info)
  const lnt = info.get('lnt')
  if (lnt === undefined) throw new LntError({ code: 'NOT_SEALED', name })
  if (!(lnt instanceof Map)) throw badTorrent('lnt')
  if (info.has('meta version') || info.has('file tree')) throw badTorrent('meta version')

  const sealed = readLnt(lnt)
  const { files, isFolder } = readFiles(info, name)
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0)
  if (!Number.isSafeInteger(totalBytes) || totalBytes < 1) throw badTorrent('length')
  const pieceBytes = readInteger(info, 'piece length', 1, MAX_PIECE_BYTES)
  const pieceHashes = readBytes(info, 'pieces')
  const pieces = pieceHashes.length / SHA1_BYTES
  if (pieces !== piecesOf(totalBytes, pieceBytes) || pieces > MAX_PIECES)
    throw badTorrent('piece count')
  const free = lnt.has('free') ? decodeFree(readBytes(lnt, 'free'), pieces) : []
  if (free === undefined) throw badTorrent('free')

  const infoBytes = bytes
  const hashes = { infoHash: sha1(bytes), infoSha256: sha256(bytes) }
  const space = { name, files, isFolder, pieceBytes, totalBytes, pieces, pieceHashes }
  return { infoBytes, ...hashes, ...space, ...sealed, free }
}

function readLnt(lnt: Dict): Pick<SealedTorrent, 'c' | 'pk' | 'root' | 'salt'> {
  if (lnt.get('v') !== VERSION) throw badTorrent('lnt version')
  if (readText(readBytes(lnt, 'e')) !== CIPHER) throw badTorrent('cipher')
  return {
    c: readInteger(lnt, 'c', 0, MAX_C),
    pk: readBytes(lnt, 'pk', KEY_BYTES),
    root: readBytes(lnt, 'root', KEY_BYTES),
    salt: readBytes(lnt, 'salt', KEY_BYTES),
  }
}
