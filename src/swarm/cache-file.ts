/**
 * A viewer's store: one sparse file of ciphertext in the profile's cache folder.
 * What it holds is found by hashing, so nothing beside it can be out of step with it.
 * @module
 */
import { mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { SealedTorrent } from '../../torrents/info.ts'
import { toHex } from '../core/bytes.ts'
import { pieceLength } from '../core/geometry.ts'
import { attempt, FileSpace } from './file-space.ts'
import { isRight } from './piece-hash.ts'
import type { PieceStore } from './piece-store.ts'

/** Ending of cache files; cache-space.ts looks at no others. */
export const CACHE_ENDING = '.sealed'

/** Where a torrent's ciphertext lies: its name is the info dict's SHA-256. */
export function cachePath(folder: string, torrent: SealedTorrent): string {
  return join(folder, toHex(torrent.infoSha256) + CACHE_ENDING)
}

/**
 * Opens or makes the cache file of a torrent.
 * @throws {@link LntError} `FILE_SYSTEM`
 */
export async function openCacheFile(folder: string, torrent: SealedTorrent): Promise<CacheFile> {
  const path = cachePath(folder, torrent)
  return attempt(path, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const isNew = await make(path, torrent.totalBytes)
    const handle = await open(path, 'r+')
    // Used now: the oldest goes first when space is short.
    await utimes(path, new Date(), new Date())
    const file = { path, handle, bytes: torrent.totalBytes, offset: 0 }
    return new CacheFile(torrent, new FileSpace([file]), isNew)
  })
}

/** Makes the file unless it is there. It gets its name only once it has its length. */
async function make(path: string, bytes: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (found?.size === bytes) return false
  const fresh = `${path}.${process.pid}.new`
  const handle = await open(fresh, 'w', 0o600)
  try {
    await handle.truncate(bytes)
    await rename(fresh, path)
  } catch (err) {
    await rm(fresh, { force: true })
    throw err
  } finally {
    await handle.close()
  }
  return true
}

/** See {@link openCacheFile}. */
export class CacheFile implements PieceStore {
  readonly #torrent: SealedTorrent
  readonly #space: FileSpace
  readonly #isNew: boolean
  #closing: Promise<void> | undefined

  constructor(torrent: SealedTorrent, space: FileSpace, isNew: boolean) {
    this.#torrent = torrent
    this.#space = space
    this.#isNew = isNew
  }

  async find(piece: number): Promise<boolean> {
    if (this.#isNew) return false
    const length = pieceLength(this.#torrent.totalBytes, this.#torrent.pieceBytes, piece)
    return isRight(this.#torrent, piece, await this.read(piece, 0, length))
  }

  async read(piece: number, offset: number, length: number): Promise<Uint8Array> {
    return this.#space.read(piece * this.#torrent.pieceBytes + offset, length)
  }

  async write(piece: number, ciphertext: Uint8Array): Promise<void> {
    await this.#space.write(piece * this.#torrent.pieceBytes, ciphertext)
  }

  close(): Promise<void> {
    this.#closing ??= this.#space.close()
    return this.#closing
  }
}
