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
  /** Modification time as the file system gave it, in ms. */
  readonly mtimeMs: number
}

/** Sources as the text of a column. */
export function writeSources(files: readonly SourceFile[]): string {
  return JSON.stringify(files.map(({ path, bytes, mtimeMs }) => [path, bytes, mtimeMs]))
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
    const [path, bytes, mtimeMs]: unknown[] = row
    if (typeof path !== 'string' || typeof bytes !== 'number' || typeof mtimeMs !== 'number')
      throw bad()
    return { path, bytes, mtimeMs }
  })
}

function bad(): LntError {
  return new LntError({ code: 'BAD_JOURNAL', why: 'sealed.files is not what was written' })
}
