/**
 * .torrent files of sealed torrents (BEP 3, BEP 12): the info dict and where to find peers.
 * @module
 */
import bencode from 'bencode'
import { read, type Value } from '../src/core/bencode.ts'
import { isTracker, MAX_TRACKERS } from './address.ts'
import { badTorrent, readDict } from './dict.ts'
import { MAX_INFO_BYTES, parseInfo, type SealedTorrent } from './info.ts'

/** Longest .torrent file accepted, in bytes: the info dict and 2 MB of anything else. */
export const MAX_METAINFO_BYTES: number = MAX_INFO_BYTES + 2_000_000

/** What a .torrent file holds. */
export interface Metainfo {
  readonly torrent: SealedTorrent
  /** Tracker URLs, at most 64, each once. */
  readonly announce: readonly string[]
}

/**
 * Reads a .torrent file. Unknown keys and trackers of unknown schemes are ignored.
 * @throws LntError `BAD_TORRENT`; `NOT_SEALED` when it is an ordinary torrent
 */
export function parseMetainfo(bytes: Uint8Array): Metainfo {
  if (bytes.length > MAX_METAINFO_BYTES) throw badTorrent('.torrent too long')
  const file = readDict(bytes)
  const info = file.get('info')
  if (!(info instanceof Map)) throw badTorrent('info')
  // The reader takes canonical encodings only, so writing it again gives the very bytes that were hashed.
  const torrent = parseInfo(bencode.encode(info))
  return { torrent, announce: readTrackers(file.get('announce'), file.get('announce-list')) }
}

/** Writes a .torrent file. */
export function buildMetainfo({ torrent, announce }: Metainfo): Uint8Array {
  const info = read(torrent.infoBytes)
  const [first] = announce
  if (first === undefined) return bencode.encode({ info })
  const tiers = announce.length > 1 ? { 'announce-list': announce.map((url) => [url]) } : {}
  return bencode.encode({ announce: first, ...tiers, info })
}

/** BEP 12: where there is a list, `announce` is ignored. */
function readTrackers(announce: Value | undefined, list: Value | undefined): string[] {
  const tiers = Array.isArray(list) ? list.flat() : []
  const urls = (tiers.length > 0 ? tiers : [announce])
    .slice(0, MAX_TRACKERS)
    .map((url) => (url instanceof Uint8Array ? new TextDecoder().decode(url) : ''))
    .filter(isTracker)
  return [...new Set(urls)]
}
