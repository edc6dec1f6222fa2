/**
 * NAME.part on disk: a file, or for a torrent of several files a folder; one rename publishes it.
 * @module
 */
import { link, lstat, mkdir, open, rename, rm, statfs, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SealedTorrent } from '../../torrents/info.ts'
import { LntError } from '../core/errors.ts'
import { attempt, FileSpace, type SpaceFile } from './file-space.ts'

/** stat counts blocks of this size, whatever the file system's own are. */
const STAT_BLOCK_BYTES = 512

/** Where a download lies until it is whole. */
export function partPath(target: string): string {
  return `${target}.part`
}

/**
 * Opens or makes the files of a download.
 * @throws {@link LntError} `BAD_INPUT` when the target exists; `FILE_SYSTEM`
 */
export async function openParts(
  torrent: SealedTorrent,
  target: string,
): Promise<{ space: FileSpace; isNew: boolean }> {
  await refuseExisting(target)
  const part = partPath(target)
  const isNew = !(await exists(part))
  const files: SpaceFile[] = []
  try {
    for (const { path, bytes, offset } of torrent.files) {
      const full = torrent.isFolder ? join(part, ...path) : part
      files.push({ path: full, bytes, offset, handle: await attempt(full, () => openPart(full)) })
    }
    await checkRoom(part, files)
    for (const { path, handle, bytes } of files) await attempt(path, () => handle.truncate(bytes))
  } catch (err) {
    await Promise.all(files.map(({ handle }) => handle.close()))
    if (isNew) await rm(part, { recursive: true, force: true }).catch(() => undefined)
    throw err
  }
  return { space: new FileSpace(files), isNew }
}

/**
 * Gives a whole download its final name, durably, and never in place of something else.
 * @throws {@link LntError} `BAD_INPUT` when the target exists by now; `FILE_SYSTEM`
 */
export async function publish(target: string): Promise<void> {
  const part = partPath(target)
  await attempt(target, async () => {
    const isFolder = (await lstat(part)).isDirectory()
    if (isFolder || !(await linked(part, target))) {
      await refuseExisting(target)
      await rename(part, target)
    }
    const folder = await open(dirname(target), 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  })
}

/** A hard link never replaces what is there, as a rename would. False where there are none. */
async function linked(part: string, target: string): Promise<boolean> {
  try {
    await link(part, target)
  } catch (err) {
    if (codeOf(err) === 'EEXIST') await refuseExisting(target)
    return false
  }
  await unlink(part)
  return true
}

async function openPart(path: string): ReturnType<typeof open> {
  await mkdir(dirname(path), { recursive: true })
  // 'r+' keeps what an earlier run left; it does not create.
  return open(path, 'r+').catch((err: unknown) => {
    if (codeOf(err) === 'ENOENT') return open(path, 'wx+')
    throw err
  })
}

/** Better to be told now than after an hour. What lies there already needs no more room. */
async function checkRoom(part: string, files: readonly SpaceFile[]): Promise<void> {
  let needBytes = 0
  for (const { path, handle, bytes } of files) {
    const { blocks } = await attempt(path, () => handle.stat())
    needBytes += Math.max(0, bytes - blocks * STAT_BLOCK_BYTES)
  }
  const { bavail, bsize } = await attempt(part, () => statfs(dirname(part)))
  if (needBytes <= bavail * bsize) return
  const why = `the disk has ${bavail * bsize} bytes left and ${needBytes} are needed: make room, or choose another place`
  throw new LntError({ code: 'FILE_SYSTEM', path: part, why })
}

async function refuseExisting(target: string): Promise<void> {
  if (!(await exists(target))) return
  const hint = 'move it away, or choose another name'
  throw new LntError({ code: 'BAD_INPUT', what: `${target} exists already`, hint })
}

async function exists(path: string): Promise<boolean> {
  return attempt(path, async () => {
    try {
      await lstat(path)
      return true
    } catch (err) {
      if (codeOf(err) === 'ENOENT') return false
      throw err
    }
  })
}

function codeOf(err: unknown): string {
  return err instanceof Error && 'code' in err ? String(err.code) : ''
}
