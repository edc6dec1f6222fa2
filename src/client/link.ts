/**
 * What a user names to buy: a magnet link with x.lnt, or a sealed .torrent file.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { MAX_INFO_BYTES } from '../../torrents/info.ts'
import { parseMagnet } from '../../torrents/magnet.ts'
import { parseMetainfo } from '../../torrents/metainfo.ts'
import { LntError } from '../core/errors.ts'

/** A torrent to join. */
export interface Link {
  /** 20 bytes. */
  readonly infoHash: Uint8Array
  /** 32 bytes. */
  readonly infoSha256: Uint8Array
  /** Raw info dict, when a .torrent was named. */
  readonly infoBytes?: Uint8Array
  readonly name?: string
  /** `host:port`. */
  readonly peers: readonly string[]
  readonly trackers: readonly string[]
}

/** A .torrent is its info dict and a few trackers. */
const MAX_TORRENT_BYTES: number = MAX_INFO_BYTES + 2 ** 20

/**
 * Reads a magnet link or a .torrent file.
 * @throws {@link LntError} `BAD_MAGNET`, `BAD_TORRENT`, `NOT_SEALED`, `FILE_SYSTEM`, `BAD_INPUT`
 */
export async function readLink(text: string): Promise<Link> {
  if (/^magnet:/i.test(text)) return { ...parseMagnet(text) }
  if (/^[a-z]{2,}:\/\//i.test(text))
    throw new LntError({
      code: 'BAD_INPUT',
      what: `${text.slice(0, 80)} is neither a magnet link nor a file`,
      hint: "name a magnet link with x.lnt (in quotes: it holds '&'), or a sealed .torrent file",
    })
  const { torrent, announce } = parseMetainfo(await readTorrent(text))
  const { infoHash, infoSha256, infoBytes, name } = torrent
  return { infoHash, infoSha256, infoBytes, name, peers: [], trackers: announce }
}

async function readTorrent(path: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path)
    if (bytes.length <= MAX_TORRENT_BYTES) return new Uint8Array(bytes)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new LntError({ code: 'FILE_SYSTEM', path, why }, { cause })
  }
  throw new LntError({ code: 'BAD_TORRENT', why: `${path} is too large to be a .torrent` })
}
