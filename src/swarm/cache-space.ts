/**
 * Keeps the cache folder within its limit: whole files go, the one used longest ago first.
 * @module
 */
import { readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CACHE_ENDING } from './cache-file.ts'
import { attempt } from './file-space.ts'

/** stat counts blocks of this size, whatever the file system's own are. */
const STAT_BLOCK_BYTES = 512

/** What is asked for. */
export interface SpaceRequest {
  readonly folder: string
  /** Most bytes on disk in the folder, `--space`. */
  readonly limitBytes: number
  /** What is about to be written, at most. */
  readonly needBytes: number
  /** Files that stay, whatever their age: those in use. */
  readonly inUse: readonly string[]
}

/**
 * Makes room. When even an empty cache would not do, everything not in use goes.
 * @returns bytes on disk that are left in the folder
 * @throws {@link LntError} `FILE_SYSTEM`
 */
export async function makeSpace(request: SpaceRequest): Promise<number> {
  const { folder, limitBytes, needBytes, inUse } = request
  return attempt(folder, async () => {
    const files = await cacheFiles(folder)
    const stay = new Set(inUse.map((path) => basename(path)))
    let usedBytes = files.reduce((sum, file) => sum + file.diskBytes, 0)
    for (const file of files.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
      if (usedBytes + needBytes <= limitBytes) break
      if (stay.has(file.name)) continue
      await rm(join(folder, file.name), { force: true })
      usedBytes -= file.diskBytes
    }
    return usedBytes
  })
}

interface CacheEntry {
  readonly name: string
  readonly diskBytes: number
  readonly usedAtMs: number
}

async function cacheFiles(folder: string): Promise<CacheEntry[]> {
  const names = await readdir(folder).catch(() => [])
  const entries: CacheEntry[] = []
  for (const name of names.filter((each) => each.includes(CACHE_ENDING))) {
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (found?.isFile())
      entries.push({
        name,
        diskBytes: found.blocks * STAT_BLOCK_BYTES,
        usedAtMs: found.mtimeMs,
      })
  }
  return entries
}
