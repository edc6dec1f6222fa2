/**
 * Small files that are whole or absent: written beside, synced, renamed; for the owner's eyes only.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'

/**
 * Replaces the file at `path`, mode 0600.
 * @throws LntError `FILE_SYSTEM`
 */
export function writeAtomically(path: string, text: string): void {
  const beside = `${path}.${toHex(randomBytes(6))}.tmp`
  try {
    const fd = openSync(beside, 'wx', 0o600)
    try {
      writeFileSync(fd, text)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(beside, path)
  } catch (cause) {
    rmSync(beside, { force: true })
    throw new LntError({ code: 'FILE_SYSTEM', path, why: String(cause) }, { cause })
  }
}
