/**
 * The plaintext files of a sealed torrent, and what they looked like when they were sealed.
 * @module
 */
import { LntError } from '../core/errors.ts'

/** One plaintext file. Another size or time: it is no longer what was sealed. */
export interface SourceFile {
  /** Absolute path. */
  readonly path: string
  readonly bytes: number
  /** Modification time, nanoseconds since 1970. */
  readonly mtimeNs: bigint
}

/** Sources as the text of a column. */
export function writeSources(files: readonly SourceFile[]): string {
  return JSON.stringify(files.map(({ path, bytes, mtimeNs }) => [path, bytes, String(mtimeNs)]))
}

/**
 * Sources of a column's text.
 * @throws {@link LntError} `BAD_JOURNAL`
 */
export function readSources(text: string): SourceFile[] {
  const rows: unknown = JSON.parse(text)
  if (!Array.isArray(rows)) throw bad()
  return rows.map((row: unknown) => {
    if (!Array.isArray(row) || row.length !== 3) throw bad()
    const [path, bytes, mtime]: unknown[] = row
    if (
      typeof path !== 'string' ||
      typeof bytes !== 'number' ||
      typeof mtime !== 'string' ||
      !/^-?\d{1,20}$/.test(mtime)
    )
      throw bad()
    return { path, bytes, mtimeNs: BigInt(mtime) }
  })
}

function bad(): LntError {
  return new LntError({ code: 'BAD_JOURNAL', why: 'sealed.files is not what was written' })
}
