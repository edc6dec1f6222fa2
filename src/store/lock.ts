/**
 * One process a profile: an exclusive SQLite lock on `lock.db`, which the operating system frees whatever ends the process.
 * @module
 */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LntError } from '../core/errors.ts'
import { isSqlite, named } from './database.ts'
import { fileError, isNodeError } from './file.ts'

/** SQLite's BUSY: somebody else holds the lock. */
const BUSY = 5

/** A profile that is ours until `release`, or until this process ends. */
export interface ProfileLock {
  release(): void
}

/**
 * Takes a profile for this process.
 * @throws {@link LntError} `PROFILE_LOCKED` with the holder's pid; `FILE_SYSTEM`
 */
export function lockProfile(profileDir: string): ProfileLock {
  const path = join(profileDir, 'lock.db')
  const db = named(path, () => new DatabaseSync(path))
  try {
    named(path, () => lock(db, profileDir))
    writePid(profileDir)
  } catch (err) {
    db.close()
    throw err
  }
  return { release: () => db.close() }
}

function lock(db: DatabaseSync, profileDir: string): void {
  try {
    // EXCLUSIVE mode keeps the lock between transactions; the write makes SQLite take it.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; PRAGMA user_version = 1; COMMIT')
  } catch (err) {
    if (!isSqlite(err) || (err.errcode & 0xff) !== BUSY) throw err
    const detail = { profile: basename(profileDir), pid: readPid(profileDir) }
    throw new LntError({ code: 'PROFILE_LOCKED', ...detail }, { cause: err })
  }
}

/** Beside the database: nobody can read that one while we hold it. */
function pidPath(profileDir: string): string {
  return join(profileDir, 'lock.pid')
}

function writePid(profileDir: string): void {
  const path = pidPath(profileDir)
  try {
    const file = openSync(path, 'w', 0o600)
    try {
      writeSync(file, `${process.pid}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch (err) {
    throw fileError(path, err)
  }
}

/** 0 when the holder has not written it yet. */
function readPid(profileDir: string): number {
  try {
    return Number.parseInt(readFileSync(pidPath(profileDir), 'utf8'), 10) || 0
  } catch (err) {
    if (isNodeError(err) && err.code === 'ENOENT') return 0
    throw fileError(pidPath(profileDir), err)
  }
}
