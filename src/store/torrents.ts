/**
 * What a profile knows of torrents: those it sealed, with their sources, and those it viewed.
 * Record rows, public and large, lie in files beside the database.
 * @module
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Cell, Database, Row } from './database.ts'
import { fileError, readWhole, writeWhole } from './file.ts'
import { checksum, Reader } from './row.ts'
import { readSources, type SourceFile, writeSources } from './sources.ts'

/** A torrent that this profile sealed. */
export interface SealedEntry {
  /** SHA-256 of the raw info dict, 32 bytes. */
  readonly infoSha256: Uint8Array
  readonly infoBytes: Uint8Array
  /** Its plaintext, in the torrent's order. */
  readonly files: readonly SourceFile[]
  readonly pieceBytes: number
  /** log2 of the coupons of a span. */
  readonly c: number
  /** What is given away, as the user said it. */
  readonly free: string
  /** Sealed under a publisher key of its own. */
  readonly isAnonymous: boolean
  /** Price of a piece, in msat. */
  readonly priceMsat: bigint
  /** Discount per doubling, in parts per million. */
  readonly stepPpm: number
  readonly addedMs: number
}

/** Where the data of a viewed torrent is: ciphertext in the cache, or plaintext in a file of the user's. */
export type Place = 'cache' | 'file'

/** A torrent that this profile viewed or downloaded. */
export interface ViewedEntry {
  /** 32 bytes: `x.lnt` of its magnet. */
  readonly infoSha256: Uint8Array
  /** Raw info dict; missing until a peer has sent it. */
  readonly infoBytes?: Uint8Array
  readonly magnet: string
  readonly place: Place
  readonly path: string
  /** The user's own budget for it. */
  readonly budgetMsat?: bigint
  /** Dearest piece, in msat. */
  readonly maxPriceMsat?: bigint
  readonly addedMs: number
}

const SEALED = [
  'info_sha256',
  'info',
  'files',
  'piece_bytes',
  'c',
  'free',
  'anonymous',
  'price_msat',
  'step_ppm',
  'added_ms',
]
const VIEWED = [
  'info_sha256',
  'info',
  'magnet',
  'place',
  'path',
  'budget_msat',
  'max_price_msat',
  'added_ms',
]
/** Bytes of one record row (docs/protocol.md §5). */
const ROW_BYTES = 96

/** The torrents of a profile, by the SHA-256 of the raw info dict. */
export class Torrents {
  private readonly db: Database
  private readonly dir: string

  /** @param dir - where rows files lie */
  constructor(db: Database, dir: string) {
    this.db = db
    this.dir = dir
    // Every row once: one that a flipped bit hides from its query would be lost without a word.
    this.sealed()
    this.viewed()
  }

  /** Keeps a sealed torrent; a newer entry replaces the older one. */
  putSealed(t: SealedEntry): void {
    this.write('sealed', [
      t.infoSha256,
      t.infoBytes,
      writeSources(t.files),
      t.pieceBytes,
      t.c,
      t.free,
      t.isAnonymous ? 1 : 0,
      t.priceMsat,
      t.stepPpm,
      t.addedMs,
    ])
  }

  /** All sealed torrents, oldest first. */
  sealed(): SealedEntry[] {
    return this.db.all('SELECT * FROM sealed ORDER BY added_ms').map(readSealed)
  }

  /** The sealed torrent of this info dict. */
  sealedOf(infoSha256: Uint8Array): SealedEntry | undefined {
    const row = this.db.get('SELECT * FROM sealed WHERE info_sha256 = ?', infoSha256)
    return row && readSealed(row)
  }

  /** Keeps a viewed torrent; a newer entry replaces the older one. */
  putViewed(t: ViewedEntry): void {
    this.write('viewed', [
      t.infoSha256,
      t.infoBytes ?? null,
      t.magnet,
      t.place,
      t.path,
      t.budgetMsat ?? null,
      t.maxPriceMsat ?? null,
      t.addedMs,
    ])
  }

  /** All viewed torrents, oldest first. */
  viewed(): ViewedEntry[] {
    return this.db.all('SELECT * FROM viewed ORDER BY added_ms').map(readViewed)
  }

  /** The viewed torrent of this info dict. */
  viewedOf(infoSha256: Uint8Array): ViewedEntry | undefined {
    const row = this.db.get('SELECT * FROM viewed WHERE info_sha256 = ?', infoSha256)
    return row && readViewed(row)
  }

  /**
   * Keeps a torrent's record rows. They are checked against its root by whoever reads them.
   * @throws {@link LntError} `FILE_SYSTEM`
   */
  async putRows(infoSha256: Uint8Array, rows: Uint8Array): Promise<void> {
    await writeWhole(this.rowsPath(infoSha256), rows, 0o600)
  }

  /**
   * A torrent's record rows, 96 bytes each.
   * @throws {@link LntError} `FILE_SYSTEM`; `BAD_JOURNAL` when the file is cut
   */
  async rowsOf(infoSha256: Uint8Array): Promise<Uint8Array | undefined> {
    const path = this.rowsPath(infoSha256)
    const rows = await readWhole(path)
    if (rows && rows.length % ROW_BYTES !== 0)
      throw new LntError({ code: 'BAD_JOURNAL', why: `${path} is cut` })
    return rows
  }

  /** Forgets a torrent; its purchases, sales and keys stay. */
  async forget(infoSha256: Uint8Array): Promise<void> {
    this.db.transaction(() => {
      this.db.run('DELETE FROM sealed WHERE info_sha256 = ?', infoSha256)
      this.db.run('DELETE FROM viewed WHERE info_sha256 = ?', infoSha256)
    })
    const path = this.rowsPath(infoSha256)
    await rm(path, { force: true }).catch((err: unknown) => {
      throw fileError(path, err)
    })
  }

  private rowsPath(infoSha256: Uint8Array): string {
    return join(this.dir, `${toHex(infoSha256)}.rows`)
  }

  private write(table: 'sealed' | 'viewed', cells: readonly Cell[]): void {
    const sql = `INSERT OR REPLACE INTO ${table} VALUES (${'?, '.repeat(cells.length)}?)`
    this.db.run(sql, ...cells, checksum(table, cells))
  }
}

function readSealed(row: Row): SealedEntry {
  const r = new Reader('sealed', row, SEALED)
  return {
    infoSha256: r.bytes('info_sha256', 32),
    infoBytes: r.bytes('info'),
    files: readSources(r.text('files')),
    pieceBytes: r.integer('piece_bytes'),
    c: r.integer('c'),
    free: r.text('free'),
    isAnonymous: r.word('anonymous', [0, 1]) === 1,
    priceMsat: r.msat('price_msat'),
    stepPpm: r.integer('step_ppm'),
    addedMs: r.integer('added_ms'),
  }
}

function readViewed(row: Row): ViewedEntry {
  const r = new Reader('viewed', row, VIEWED)
  return {
    infoSha256: r.bytes('info_sha256', 32),
    ...(r.isNull('info') ? {} : { infoBytes: r.bytes('info') }),
    magnet: r.text('magnet'),
    place: r.word('place', ['cache', 'file'] as const),
    path: r.text('path'),
    ...(r.isNull('budget_msat') ? {} : { budgetMsat: r.msat('budget_msat') }),
    ...(r.isNull('max_price_msat') ? {} : { maxPriceMsat: r.msat('max_price_msat') }),
    addedMs: r.integer('added_ms'),
  }
}
