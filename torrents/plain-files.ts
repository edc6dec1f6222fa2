/**
 * The plaintext of a torrent on disk: its files one after the other are the piece space (BEP 3).
 * @module
 */
import { type BigIntStats, closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { LntError } from '../src/core/errors.ts'

/** A file on disk as it was when sealing began. */
export interface PlainFile {
  /** Where it is on disk. */
  readonly source: string
  /** Path under the torrent's folder; of a single-file torrent [name]. */
  readonly path: readonly string[]
  readonly bytes: number
  /** Modification time, nanoseconds, and inode: another one is another file. */
  readonly modifiedNs: bigint
  readonly inode: bigint
}

/**
 * Looks at a file.
 * @throws {@link LntError} `BAD_INPUT` when it is no regular file, `FILE_SYSTEM` when it cannot be looked at
 */
export function plainFile(source: string, path: readonly string[]): PlainFile {
  const stats = onDisk(source, () => statSync(source, { bigint: true }))
  if (!stats.isFile())
    throw new LntError({
      code: 'BAD_INPUT',
      what: `${source} is not a regular file`,
      hint: 'name files, or folders of files',
    })
  const { size, mtimeNs, ino } = stats
  return { source, path, bytes: Number(size), modifiedNs: mtimeNs, inode: ino }
}

/**
 * Looks again.
 * @throws {@link LntError} `FILE_CHANGED`
 */
export function checkUnchanged(file: PlainFile): void {
  compare(
    file,
    onDisk(file.source, () => statSync(file.source, { bigint: true })),
  )
}

function compare({ source, bytes, modifiedNs, inode }: PlainFile, stats: BigIntStats): void {
  if (Number(stats.size) !== bytes || stats.mtimeNs !== modifiedNs || stats.ino !== inode)
    throw new LntError({ code: 'FILE_CHANGED', path: source })
}

/** Reads the piece space in order, one file open at a time. Synchronous: for workers. */
export class PlainReader {
  readonly #files: readonly PlainFile[]
  #open: { readonly file: PlainFile; readonly descriptor: number } | undefined

  constructor(files: readonly PlainFile[]) {
    this.#files = files
  }

  /**
   * Fills `into` from `offset` of the piece space on.
   * @throws {@link LntError} `FILE_CHANGED` when a file is not what it was, `FILE_SYSTEM`
   */
  read(into: Uint8Array, offset: number): void {
    let filled = 0
    let begin = 0
    for (const file of this.#files) {
      const from = offset + filled - begin
      if (filled === into.length) return
      if (from < file.bytes) {
        const part = into.subarray(
          filled,
          filled + Math.min(file.bytes - from, into.length - filled),
        )
        this.#readFrom(file, part, from)
        filled += part.length
      }
      begin += file.bytes
    }
    if (filled < into.length) throw new RangeError('plain files: past the end')
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.descriptor)
    this.#open = undefined
  }

  #readFrom(file: PlainFile, into: Uint8Array, position: number): void {
    const descriptor = this.#descriptor(file)
    for (let at = 0; at < into.length; ) {
      const length = into.length - at
      const got = onDisk(file.source, () => readSync(descriptor, into, at, length, position + at))
      if (got === 0) throw new LntError({ code: 'FILE_CHANGED', path: file.source })
      at += got
    }
  }

  #descriptor(file: PlainFile): number {
    if (this.#open?.file === file) return this.#open.descriptor
    this.close()
    const descriptor = onDisk(file.source, () => openSync(file.source, 'r'))
    this.#open = { file, descriptor }
    compare(file, fstatSync(descriptor, { bigint: true }))
    return descriptor
  }
}

/** Does something on disk; what the system refuses becomes `FILE_SYSTEM`. */
export function onDisk<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    throw fileError(path, cause)
  }
}

/** The system's refusal as an error of ours. */
export function fileError(path: string, cause: unknown): LntError {
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return new LntError({ code: 'FILE_SYSTEM', path, why }, { cause })
}
