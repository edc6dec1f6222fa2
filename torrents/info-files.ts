/**
 * The files of an info dict (BEP 3): lengths, and names that are safe to write.
 * @module
 */
import type { Dict, Value } from '../src/core/bencode.ts'
import { badTorrent, readBytes, readInteger, readText } from './dict.ts'
import { componentFault, pathsFault } from './file-path.ts'

/** Most files in a torrent. */
export const MAX_FILES: number = 2 ** 16

/** One file of a torrent. */
export interface TorrentFile {
  /** Path under the torrent's folder; of a single-file torrent [name]. */
  readonly path: readonly string[]
  readonly bytes: number
  /** Where the file begins in the piece space, in bytes. */
  readonly offset: number
}

/**
 * Name of a torrent.
 * @throws LntError `BAD_TORRENT`
 */
export function readName(info: Dict): string {
  // Readers that prefer this spelling (parse-torrent) would write under a name that we never checked.
  if (info.has('name.utf-8')) throw badTorrent('name.utf-8')
  return component(readBytes(info, 'name'))
}

/**
 * Files of a torrent in the order of the piece space.
 * @throws LntError `BAD_TORRENT`; pad files and links (BEP 47) are refused too
 */
export function readFiles(info: Dict, name: string): { files: TorrentFile[]; isFolder: boolean } {
  const list = info.get('files')
  if (list === undefined) {
    checkAttributes(info)
    const bytes = readInteger(info, 'length', 1, Number.MAX_SAFE_INTEGER)
    return { files: [{ path: [name], bytes, offset: 0 }], isFolder: false }
  }
  if (!Array.isArray(list) || list.length < 1 || list.length > MAX_FILES) throw badTorrent('files')
  if (info.has('length')) throw badTorrent('files and length')
  const files: TorrentFile[] = []
  let offset = 0
  for (const entry of list) {
    const { path, bytes } = readFile(entry)
    files.push({ path, bytes, offset })
    offset += bytes
    if (!Number.isSafeInteger(offset)) throw badTorrent('length')
  }
  const fault = pathsFault(
    name,
    files.map(({ path }) => path),
  )
  if (fault !== undefined) throw badTorrent(fault)
  return { files, isFolder: true }
}

function readFile(entry: Value): Omit<TorrentFile, 'offset'> {
  if (!(entry instanceof Map)) throw badTorrent('files')
  checkAttributes(entry)
  const bytes = readInteger(entry, 'length', 0, Number.MAX_SAFE_INTEGER)
  const list = entry.get('path')
  if (!Array.isArray(list) || list.length === 0) throw badTorrent('path')
  if (entry.has('path.utf-8')) throw badTorrent('path.utf-8')
  const path = list.map(component)
  if (path[0] === '.pad') throw badTorrent('pad file')
  return { path, bytes }
}

/** BEP 47: `p` is a pad file, `l` a link; neither has content of its own. */
function checkAttributes(entry: Dict): void {
  const attributes = entry.get('attr')
  if (attributes === undefined) return
  if (/[pl]/.test(readText(attributes))) throw badTorrent('pad file or link')
}

function component(value: unknown): string {
  const text = readText(value)
  const fault = componentFault(text)
  if (fault !== undefined) throw badTorrent(fault)
  return text
}
