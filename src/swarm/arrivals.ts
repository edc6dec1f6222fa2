/**
 * Whole pieces: checked, kept or refused, within a bound of memory.
 * @module
 */
import type { PieceDownload } from './piece-download.ts'
import type { Source } from './source.ts'
import { Suspects } from './suspects.ts'

/** Most bytes of pieces in memory, begun or not yet written; at least four pieces go anyway. */
const MAX_BUFFERED_BYTES: number = 24 * 1024 * 1024

/** What is asked of the torrent. */
export interface ArrivalPorts {
  /** SHA-1 of the ciphertext. */
  readonly isRight: (piece: number, bytes: Uint8Array) => boolean
  /** Keeps a verified piece; it counts as held once this resolves. */
  readonly keep: (piece: number, bytes: Buffer) => Promise<void>
  /** A piece could not be kept: nothing more is fetched. */
  readonly failed: (err: unknown) => void
}

/** What the scheduler is told. */
export interface ArrivalNews {
  readonly right: (piece: number) => void
  readonly liar: (source: Source, why: string) => void
  /** There is room for another piece. */
  readonly roomier: () => void
}

/** Pieces between their last block and the store. */
export class Arrivals {
  readonly suspects: Suspects = new Suspects()
  readonly #ports: ArrivalPorts
  readonly #news: ArrivalNews
  readonly #writing = new Map<number, Promise<void>>()
  #bufferedBytes = 0

  constructor(ports: ArrivalPorts, news: ArrivalNews) {
    this.#ports = ports
    this.#news = news
  }

  /** Whether the piece is whole and on its way to the store. */
  isWriting(piece: number): boolean {
    return this.#writing.has(piece)
  }

  /** Takes room for a piece; an urgent one may go over the bound. */
  reserve(bytes: number, isUrgent: boolean): boolean {
    const most = Math.max(MAX_BUFFERED_BYTES, 4 * bytes) * (isUrgent ? 2 : 1)
    if (this.#bufferedBytes + bytes > most) return false
    this.#bufferedBytes += bytes
    return true
  }

  /** Gives room back. */
  forget(bytes: number): void {
    this.#bufferedBytes -= bytes
  }

  /** A piece is whole. */
  take(download: PieceDownload): void {
    const { piece, bytes } = download
    if (!this.#ports.isRight(piece, bytes)) {
      this.forget(bytes.length)
      for (const liar of this.suspects.wrong(download))
        this.#news.liar(liar, 'a piece with a bad hash')
      return
    }
    for (const liar of this.suspects.right(download)) this.#news.liar(liar, 'a block of bad bytes')
    this.#writing.set(piece, this.#write(piece, bytes))
    this.#news.right(piece)
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing.values())
  }

  async #write(piece: number, bytes: Buffer): Promise<void> {
    try {
      await this.#ports.keep(piece, bytes)
    } catch (err) {
      this.#ports.failed(err)
    }
    const wasFull = this.#bufferedBytes > MAX_BUFFERED_BYTES / 2
    this.forget(bytes.length)
    this.#writing.delete(piece)
    if (wasFull || this.#writing.size === 0) this.#news.roomier()
  }
}
