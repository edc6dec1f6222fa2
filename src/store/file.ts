/**
 * Small files written so that a crash leaves the old one or the new one, and errors that name the path.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LntError } from '../core/errors.ts'

/**
 * Writes a whole file: beside it first, synced, renamed, the directory synced.
 * @param mode - permission bits
 * @throws {@link LntError} `FILE_SYSTEM`; nothing half-written stays
 */
export async function writeWhole(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  // A name of its own: two writers of one path each write a whole file.
  const beside = `${path}.${randomBytes(4).toString('hex')}.new`
  try {
    await writeSynced(beside, bytes, mode)
    await rename(beside, path)
    syncDirectory(dirname(path))
  } catch (err) {
    await rm(beside, { force: true }).catch(() => undefined)
    throw fileError(path, err)
  }
}

/**
 * Reads a whole file.
 * @returns `undefined` when there is none
 * @throws {@link LntError} `FILE_SYSTEM`
 */
export async function readWhole(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (err) {
    if (isNodeError(err) && err.code === 'ENOENT') return undefined
    throw fileError(path, err)
  }
}

/** `FILE_SYSTEM` of what the operating system said; any other error as it is. */
export function fileError(path: string, err: unknown): unknown {
  if (!isNodeError(err)) return err
  return new LntError({ code: 'FILE_SYSTEM', path, why: err.message }, { cause: err })
}

async function writeSynced(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'w', mode)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes a rename in a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** Whether `err` is the operating system's. */
export function isNodeError(err: unknown): err is NodeJS.ErrnoException {
  return err instanceof Error && 'syscall' in err && 'code' in err
}
