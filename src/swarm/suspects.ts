/**
 * Who lied about a piece (its SHA-1 failed): the only giver at once; of several, those whose blocks
 * differ from the right ones, once one peer alone has given the whole piece.
 * @module
 */
import { equal } from '../core/bytes.ts'
import type { PieceDownload } from './piece-download.ts'
import { BLOCK_BYTES, type Source } from './source.ts'

/** Most failed pieces kept for comparison; beyond that the oldest is forgotten. */
const MAX_KEPT = 4

/** Failed pieces of one torrent, and what they show. */
export class Suspects {
  readonly #failed = new Map<number, PieceDownload[]>()

  /** A piece failed. Returns who has to go. */
  wrong(download: PieceDownload): Source[] {
    const suppliers = [...download.suppliers()]
    if (suppliers.length <= 1) return suppliers
    const kept = this.#failed.get(download.piece) ?? []
    this.#failed.set(download.piece, [...kept, download].slice(-2))
    for (const oldest of this.#failed.keys()) {
      if (this.#failed.size <= MAX_KEPT) break
      this.#failed.delete(oldest)
    }
    return []
  }

  /** A piece is right. Returns those who gave other bytes for it before. */
  right(download: PieceDownload): Source[] {
    const failed = this.#failed.get(download.piece)
    if (!failed) return []
    this.#failed.delete(download.piece)
    return [...new Set(failed.flatMap((other) => liars(other, download.bytes)))]
  }

  /** Who alone should give a piece that failed before: the one that was in the fewest failures. */
  trusted(piece: number, sources: readonly Source[]): Source | undefined {
    if (!this.#failed.has(piece)) return undefined
    const counts = new Map<Source, number>()
    for (const failed of [...this.#failed.values()].flat())
      for (const giver of failed.suppliers()) counts.set(giver, (counts.get(giver) ?? 0) + 1)
    const able = sources.filter((source) => source.serves(piece, performance.now()))
    const inFailures = (source: Source): number => counts.get(source) ?? 0
    return able.sort((a, b) => inFailures(a) - inFailures(b) || b.rateBps - a.rateBps)[0]
  }
}

function liars(failed: PieceDownload, right: Uint8Array): Source[] {
  return failed.givers.flatMap((giver, block) => {
    const from = block * BLOCK_BYTES
    const to = from + failed.lengthOf(block)
    return giver && !equal(failed.bytes.subarray(from, to), right.subarray(from, to)) ? [giver] : []
  })
}
