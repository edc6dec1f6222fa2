/**
 * The piece space of a torrent over its files (BEP 3: concatenated): reads and writes by global offset.
 * @module
 */
import type { FileHandle } from 'node:fs/promises'
import { LntError } from '../core/errors.ts'

/** One open file in the piece space. */
export interface SpaceFile {
  readonly path: string
  readonly handle: FileHandle
  readonly bytes: number
  /** Where it begins in the piece space, in bytes. */
  readonly offset: number
}

/** A part of one file. */
interface Part {
  readonly file: SpaceFile
  /** Offset in the file. */
  readonly at: number
  /** Where the part lies in what is read or written. */
  readonly from: number
  readonly length: number
}

/** Open files as one run of bytes. */
export class FileSpace {
  readonly files: readonly SpaceFile[]

  /** @param files - in the order of the piece space */
  constructor(files: readonly SpaceFile[]) {
    this.files = files
  }

  /** Files that a range touches. */
  filesIn(offset: number, length: number): SpaceFile[] {
    return this.#parts(offset, length).map((part) => part.file)
  }

  /**
   * Reads a range; what lies beyond the end of a file comes as zeros.
   * @throws {@link LntError} `FILE_SYSTEM`
   */
  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length)
    for (const { file, at, from, length: count } of this.#parts(offset, length))
      await attempt(file.path, async () => {
        let done = 0
        while (done < count) {
          const { bytesRead } = await file.handle.read(bytes, from + done, count - done, at + done)
          if (bytesRead === 0) break
          done += bytesRead
        }
        bytes.fill(0, from + done, from + count)
      })
    return bytes
  }

  /**
   * Writes a range.
   * @throws {@link LntError} `FILE_SYSTEM`, for a full disk among others
   */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    for (const { file, at, from, length } of this.#parts(offset, bytes.length))
      await attempt(file.path, async () => {
        let done = 0
        while (done < length) {
          const left = length - done
          done += (await file.handle.write(bytes, from + done, left, at + done)).bytesWritten
        }
      })
  }

  /** Makes what was written durable. @throws {@link LntError} `FILE_SYSTEM` */
  async sync(): Promise<void> {
    for (const { path, handle } of this.files) await attempt(path, () => handle.sync())
  }

  /** Closes the files. */
  async close(): Promise<void> {
    await Promise.all(this.files.map(({ handle }) => handle.close()))
  }

  #parts(offset: number, length: number): Part[] {
    const parts: Part[] = []
    for (let i = this.#indexAt(offset); i < this.files.length; i++) {
      const file = this.files[i]
      if (!file || file.offset >= offset + length) break
      const start = Math.max(offset, file.offset)
      const end = Math.min(offset + length, file.offset + file.bytes)
      if (end <= start) continue
      parts.push({ file, at: start - file.offset, from: start - offset, length: end - start })
    }
    return parts
  }

  /** The last file that begins at or before the offset: a torrent may have 2^16 files. */
  #indexAt(offset: number): number {
    let low = 0
    let high = this.files.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.files[middle]?.offset ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }
}

/**
 * Does something with a file, and says which one when the system refuses.
 * @throws {@link LntError} `FILE_SYSTEM`
 */
export async function attempt<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    if (cause instanceof LntError) throw cause
    throw new LntError({ code: 'FILE_SYSTEM', path, why: whyOf(cause) }, { cause })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is too large for this file system',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EMFILE: 'too many open files',
}

function whyOf(err: unknown): string {
  const code = err instanceof Error && 'code' in err ? String(err.code) : ''
  return REASONS[code] ?? (err instanceof Error ? err.message : String(err))
}
