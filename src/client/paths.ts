/**
 * Paths that a user wants to seal, looked at before anything is done: a wrong one spoils nothing.
 * @module
 */
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { findSources } from '../../torrents/sources.ts'
import { LntError } from '../core/errors.ts'
import { isNodeError } from '../store/file.ts'

/**
 * Each path is a file or a folder with bytes in it that can be read.
 * @throws {@link LntError} `BAD_INPUT`, `FILE_SYSTEM`
 */
export async function checkPaths(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const { sources } = findSources([path])
    const sizes = await Promise.all(sources.map(({ source }) => sizeOf(source)))
    if (sizes.every((bytes) => bytes === 0))
      throw new LntError({
        code: 'BAD_INPUT',
        what: `${resolve(path)} is empty`,
        hint: 'name a file or a folder with something in it',
      })
  }
}

/**
 * A file can be made there, and nothing is lost by it.
 * @throws {@link LntError} `BAD_INPUT` when there is something already; `FILE_SYSTEM`
 */
export async function checkNew(path: string): Promise<void> {
  const is = await stat(path).catch((err: unknown) => {
    if (isNodeError(err) && err.code === 'ENOENT') return undefined
    throw refused(path, err)
  })
  if (is)
    throw new LntError({
      code: 'BAD_INPUT',
      what: `${path} exists already`,
      hint: 'move it away, or choose another name',
    })
  const folder = dirname(resolve(path))
  await access(folder, constants.W_OK).catch((err: unknown) => {
    throw refused(folder, err)
  })
}

async function sizeOf(path: string): Promise<number> {
  try {
    await access(path, constants.R_OK)
    return (await stat(path)).size
  } catch (err) {
    throw refused(path, err)
  }
}

function refused(path: string, cause: unknown): LntError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new LntError({ code: 'FILE_SYSTEM', path, why }, { cause })
}
