/**
 * The 32 bytes that all keys of a node come from.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { LntError } from '../../core/errors.ts'

const SEED_BYTES = 32

/**
 * Reads the node's seed, or makes one: mode 0600, and never half a file, whenever the process dies.
 * @throws LntError `BAD_JOURNAL` when the file is not a seed, `FILE_SYSTEM`
 */
export async function openSeed(directory: string): Promise<Uint8Array> {
  const path = join(directory, 'seed')
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const seed = (await read(path)) ?? (await create(path, directory))
    if (seed.length === SEED_BYTES) return seed
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new LntError({ code: 'FILE_SYSTEM', path, why }, { cause })
  }
  throw new LntError({ code: 'BAD_JOURNAL', why: `${path} is not a seed of ${SEED_BYTES} bytes` })
}

async function read(path: string): Promise<Uint8Array | undefined> {
  try {
    return Uint8Array.from(await readFile(path))
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}

async function create(path: string, directory: string): Promise<Uint8Array> {
  const seed = Uint8Array.from(randomBytes(SEED_BYTES))
  const draft = `${path}.${process.pid}.new`
  const file = await open(draft, 'w', 0o600)
  try {
    await file.write(seed)
    await file.sync()
  } finally {
    await file.close()
  }
  // A link, not a rename: it never replaces a seed that is there already.
  await link(draft, path)
  await unlink(draft)
  const folder = await open(directory)
  await folder.sync()
  await folder.close()
  return seed
}
