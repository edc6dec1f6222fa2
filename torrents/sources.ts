/**
 * Which files on disk a torrent is made of: files and folders that a user names, in a fixed order.
 * @module
 */
import { readdirSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { LntError } from '../src/core/errors.ts'
import { onDisk } from './plain-files.ts'

/** A file on disk and its place in the torrent. */
export interface Source {
  /** Where it is on disk. */
  readonly source: string
  /** Path under the torrent's folder; [name] for a torrent of one file. */
  readonly path: readonly string[]
}

/** Files to seal, and the torrent's name as they suggest it. */
export interface Sources {
  readonly name: string
  readonly isFolder: boolean
  readonly sources: readonly Source[]
}

/** Files that systems leave behind in folders and nobody means to publish. */
const LITTER: readonly string[] = ['Thumbs.db', 'desktop.ini']

/**
 * Finds the files to seal. Named ones keep their order; a folder's are sorted by name (by code unit, so that
 * every machine sorts alike), without hidden ones. One file alone gives a single-file torrent.
 * @param named - paths of files and folders, as the user gave them
 * @param name - of the torrent; needed when several are named
 * @throws {@link LntError} `BAD_INPUT`, `FILE_SYSTEM`
 */
export function findSources(named: readonly string[], name?: string): Sources {
  const [first] = named
  if (first === undefined) throw refused('nothing to seal', 'name a file or a folder')
  if (named.length === 1) return findOne(resolve(first), name)
  if (name === undefined) throw refused('several files without a name', 'give the torrent a name')
  const sources = named.flatMap((one) => {
    const path = resolve(one)
    return isFolderOnDisk(path)
      ? walk(path, [basename(path)])
      : [{ source: path, path: [basename(path)] }]
  })
  return { name, isFolder: true, sources }
}

function findOne(path: string, name = basename(path)): Sources {
  if (!isFolderOnDisk(path))
    return { name, isFolder: false, sources: [{ source: path, path: [name] }] }
  const sources = walk(path, [])
  if (sources.length === 0) throw refused(`${path} has no files`, 'name a folder with files in it')
  return { name, isFolder: true, sources }
}

function isFolderOnDisk(path: string): boolean {
  return onDisk(path, () => statSync(path).isDirectory())
}

function walk(folder: string, path: readonly string[]): Source[] {
  const entries = onDisk(folder, () => readdirSync(folder, { withFileTypes: true }))
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry): Source[] => {
    if (entry.name.startsWith('.') || LITTER.includes(entry.name)) return []
    const source = join(folder, entry.name)
    const here = [...path, entry.name]
    // Links to folders are not followed: they can make a ring.
    return entry.isDirectory() ? walk(source, here) : [{ source, path: here }]
  })
}

function refused(what: string, hint: string): LntError {
  return new LntError({ code: 'BAD_INPUT', what, hint })
}
