/**
 * The directory of a profile: one wallet, journal and key ring, used by one process at a time (docs/architecture.md §1).
 * @module
 */
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LntError } from '../core/errors.ts'
import { fileError, isNodeError, readWhole, writeWhole } from './file.ts'

/** Bytes of a publisher's master (docs/protocol.md §3). */
const MASTER_BYTES = 32
/** A profile's name is a directory's name on every file system. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/

/**
 * Directory of a profile under a data directory, made with mode 0700 when it is not there.
 * @throws {@link LntError} `BAD_INPUT` for a name that is no name; `FILE_SYSTEM`
 */
export function openProfileDir(dataDir: string, name: string): string {
  if (!NAME.test(name))
    throw new LntError({
      code: 'BAD_INPUT',
      what: `"${name}" is not a profile name`,
      hint: 'use a-z, 0-9, - and _, at most 32 characters',
    })
  const dir = join(dataDir, 'profiles', name)
  makePrivateDirectory(dir)
  return dir
}

/**
 * Makes a directory, and those above it, for the user alone.
 * @throws {@link LntError} `FILE_SYSTEM`
 */
export function makePrivateDirectory(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (err) {
    throw fileError(dir, err)
  }
}

/** A master, and whether it was made just now: then no coupon of it was ever offered. */
export interface Master {
  /** 32 bytes. Whoever has it has every key of every torrent sealed with it. */
  readonly bytes: Uint8Array
  readonly isNew: boolean
}

/**
 * The profile's master; made from 32 random bytes (file `master`, mode 0600) when there is none.
 * @throws {@link LntError} `BAD_INPUT` when the file holds anything but 32 bytes; `FILE_SYSTEM`
 */
export async function openMaster(profileDir: string): Promise<Master> {
  const path = join(profileDir, 'master')
  const known = await readMaster(path)
  if (known) return { bytes: known, isNew: false }
  const bytes = new Uint8Array(randomBytes(MASTER_BYTES))
  const isNew = await keepFirst(path, bytes)
  return isNew ? { bytes, isNew } : openMaster(profileDir)
}

/**
 * A master from a file that the user names.
 * @returns `undefined` when there is no such file
 * @throws {@link LntError} `BAD_INPUT` when it holds anything but 32 bytes; `FILE_SYSTEM`
 */
export async function readMaster(path: string): Promise<Uint8Array | undefined> {
  const bytes = await readWhole(path)
  if (bytes !== undefined && bytes.length !== MASTER_BYTES)
    throw new LntError({
      code: 'BAD_INPUT',
      what: `${path} holds ${bytes.length} bytes, a master is ${MASTER_BYTES}`,
      hint: 'restore it from a backup: keys of what was sealed with it cannot be had without it',
    })
  return bytes
}

/** Never replaces a file: a master that is gone is gone. */
async function keepFirst(path: string, bytes: Uint8Array): Promise<boolean> {
  const made = `${path}.${randomBytes(4).toString('hex')}.made`
  await writeWhole(made, bytes, 0o600)
  try {
    linkSync(made, path)
    return true
  } catch (err) {
    if (isNodeError(err) && err.code === 'EEXIST') return false
    throw fileError(path, err)
  } finally {
    rmSync(made, { force: true })
  }
}
