/**
 * What a sealed torrent or a magnet says of itself, for people and machines.
 * @module
 */

import type { SealedTorrent } from '../../torrents/info.ts'
import { parseInfo } from '../../torrents/info.ts'
import { buildMagnet } from '../../torrents/magnet.ts'
import { toHex } from '../core/bytes.ts'
import { depthOf } from '../core/geometry.ts'
import { readLink } from './link.ts'

/** Facts by name; lengths in bytes, hashes and keys in hex. */
export type Inspection = Readonly<Record<string, unknown>>

/** Reads a .torrent file or a magnet link. @throws LntError as {@link readLink} */
export async function inspect(text: string): Promise<Inspection> {
  const link = await readLink(text)
  if (link.infoBytes) return describe(parseInfo(link.infoBytes), link.trackers)
  return {
    infoHash: toHex(link.infoHash),
    xLnt: toHex(link.infoSha256),
    ...(link.name !== undefined && { name: link.name }),
    peers: link.peers,
    trackers: link.trackers,
  }
}

/** The same facts of a torrent at hand. */
export function describe(torrent: SealedTorrent, trackers: readonly string[] = []): Inspection {
  const { infoHash, infoSha256, name, files } = torrent
  return {
    name,
    totalBytes: torrent.totalBytes,
    pieceBytes: torrent.pieceBytes,
    pieces: torrent.pieces,
    depth: depthOf(torrent.pieces),
    files: files.map(({ path, bytes }) => ({ path: path.join('/'), bytes })),
    couponsPerSpan: 2 ** torrent.c,
    publisherKey: toHex(torrent.pk),
    root: toHex(torrent.root),
    salt: toHex(torrent.salt),
    freeSpans: torrent.free.map(({ span }) => span),
    infoHash: toHex(infoHash),
    xLnt: toHex(infoSha256),
    trackers,
    magnet: buildMagnet({ infoHash, infoSha256, name, peers: [], trackers }),
  }
}
