/**
 * A node's state on disk: one file of frames. A commit is one frame, so the manager, its monitors and our
 * own records are never of different moments, whenever the process dies.
 * @module
 */
import { type FileHandle, mkdir, open, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { LntError } from '../../core/errors.ts'
import { DISK, type Disk } from './disk.ts'
import { decodeFrames, type Entry, encodeFrame } from './frame.ts'
import { entriesOf, type State, stateOf } from './state.ts'

/** The file is written anew when it has grown by this much, or to twice what it then held if that is more. */
const COMPACT_BYTES = 16 * 2 ** 20

/** The journal of one node. One owner at a time: the profile's lock sees to that. */
export class Journal {
  readonly #directory: string
  readonly #disk: Disk
  #file: FileHandle
  #bytes: number
  #compactAt: number

  private constructor(directory: string, disk: Disk, file: FileHandle, bytes: number) {
    this.#directory = directory
    this.#disk = disk
    this.#file = file
    this.#bytes = bytes
    this.#compactAt = 2 * bytes + COMPACT_BYTES
  }

  /**
   * Opens the journal in a directory, made if need be, and reads it.
   * @throws LntError `BAD_JOURNAL`, `FILE_SYSTEM`
   */
  static async open(
    directory: string,
    disk: Disk = DISK,
  ): Promise<{ readonly journal: Journal; readonly state: State }> {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const path = pathIn(directory)
      const { entries, wholeBytes } = await load(path)
      // Not O_APPEND only: the torn tail must go, or the next frame would follow rubbish.
      const file = await open(path, 'a', 0o600)
      await truncate(path, wholeBytes)
      return { journal: new Journal(directory, disk, file, wholeBytes), state: stateOf(entries) }
    } catch (cause) {
      throw fileSystem(directory, cause)
    }
  }

  /**
   * Writes one commit. It is durable, all of it, once this resolves. One call at a time.
   * @throws LntError `FILE_SYSTEM`; the journal must then be closed: nobody knows what is on disk
   */
  async append(entries: readonly Entry[]): Promise<void> {
    try {
      const frame = encodeFrame(entries)
      await this.#disk.write(this.#file, frame)
      await this.#disk.sync(this.#file)
      this.#bytes += frame.length
      if (this.#bytes > this.#compactAt) await this.#compact()
    } catch (cause) {
      throw fileSystem(this.#directory, cause)
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #compact(): Promise<void> {
    const path = pathIn(this.#directory)
    const frame = encodeFrame(entriesOf(stateOf((await load(path)).entries)))
    const fresh = await open(`${path}.new`, 'w', 0o600)
    try {
      await this.#disk.write(fresh, frame)
      await this.#disk.sync(fresh)
      await this.#disk.replace(`${path}.new`, path, this.#directory)
    } finally {
      await fresh.close()
    }
    await this.#file.close()
    this.#file = await open(path, 'a', 0o600)
    this.#bytes = frame.length
    this.#compactAt = 2 * frame.length + COMPACT_BYTES
  }
}

function pathIn(directory: string): string {
  return join(directory, 'node.journal')
}

async function load(path: string): Promise<ReturnType<typeof decodeFrames>> {
  try {
    return decodeFrames(await readFile(path))
  } catch (cause) {
    if (isMissing(cause)) return { entries: [], wholeBytes: 0 }
    throw cause
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}

function fileSystem(path: string, cause: unknown): LntError {
  if (cause instanceof LntError) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new LntError({ code: 'FILE_SYSTEM', path, why }, { cause })
}
