/**
 * The keys a profile holds, a row a span: what it bought, and the root of what it published.
 * @module
 */
import type { Database, Row } from './database.ts'
import { checksum, Reader } from './row.ts'

/** A key and the span it opens. */
export interface HeldKey {
  readonly span: number
  /** 32 bytes. */
  readonly key: Uint8Array
}

/** Where a key came from. */
export type KeySource = 'bought' | 'published' | 'delegated'

const COLUMNS = ['info_sha256', 'span', 'key', 'source']
const SOURCES: readonly KeySource[] = ['bought', 'published', 'delegated']
/** Levels below the root of the deepest geometry (docs/protocol.md §2). */
const MAX_DEPTH = 18

/** The key ring. Keyed by the SHA-256 of the raw info dict. */
export class KeyRing {
  private readonly db: Database

  /** @throws {@link LntError} `BAD_JOURNAL` when a row is not what was written */
  constructor(db: Database) {
    this.db = db
    // Every row once: one that a flipped bit hides from its query would be lost without a word.
    db.all('SELECT * FROM span_key').forEach(readKey)
  }

  /** Keeps a key. It replaces its descendants'; under an ancestor's it is not needed. */
  put(infoSha256: Uint8Array, { span, key }: HeldKey, source: KeySource): void {
    this.db.transaction(() => {
      if (this.get(infoSha256, span) !== undefined) return
      for (let k = 1; k <= MAX_DEPTH; k++)
        this.db.run(
          'DELETE FROM span_key WHERE info_sha256 = ? AND span BETWEEN ? AND ?',
          infoSha256,
          span * 2 ** k,
          (span + 1) * 2 ** k - 1,
        )
      const cells = [infoSha256, span, key, source]
      const sum = checksum('span_key', cells)
      this.db.run('INSERT INTO span_key VALUES (?, ?, ?, ?, ?)', ...cells, sum)
    })
  }

  /** The key of the span, or of its nearest ancestor that is held. */
  get(infoSha256: Uint8Array, span: number): HeldKey | undefined {
    for (let at = span; at >= 1; at = Math.floor(at / 2)) {
      const row = this.db.get(
        'SELECT * FROM span_key WHERE info_sha256 = ? AND span = ?',
        infoSha256,
        at,
      )
      if (row !== undefined) return readKey(row)
    }
    return undefined
  }

  /** All keys held for a torrent, ascending by span: none of them under another. */
  spans(infoSha256: Uint8Array): HeldKey[] {
    return this.db
      .all('SELECT * FROM span_key WHERE info_sha256 = ? ORDER BY span', infoSha256)
      .map(readKey)
  }
}

function readKey(row: Row): HeldKey {
  const r = new Reader('span_key', row, COLUMNS)
  r.word('source', SOURCES)
  return { span: r.integer('span'), key: r.bytes('key', 32) }
}
