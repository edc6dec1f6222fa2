/**
 * Spans given away in the info dict, so that a preview plays when no seller is online (docs/protocol.md §5).
 * @module
 */
import { concat, u32 } from '../src/core/bytes.ts'
import { covers, exists, isUnder } from '../src/core/geometry.ts'
import type { SpanKey } from './keys.ts'

/** Most spans that a torrent gives away. */
export const MAX_FREE = 1_024

const KEY_BYTES = 32
const ENTRY_BYTES = 4 + KEY_BYTES

/** The info dict's `free`: u32 v ‖ K_v of each span. */
export function encodeFree(free: readonly SpanKey[]): Uint8Array {
  return concat(...free.flatMap(({ span, key }) => [u32(span), key]))
}

/**
 * Reads `free`: 1 to {@link MAX_FREE} spans, strictly ascending, existing, none under another.
 * @returns undefined when it is not so
 */
export function decodeFree(bytes: Uint8Array, pieces: number): SpanKey[] | undefined {
  const count = bytes.length / ENTRY_BYTES
  if (!Number.isInteger(count) || count < 1 || count > MAX_FREE) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const free = Array.from({ length: count }, (_, i) => ({
    span: view.getUint32(ENTRY_BYTES * i),
    key: bytes.slice(ENTRY_BYTES * i + 4, ENTRY_BYTES * (i + 1)),
  }))
  const spans = free.map(({ span }) => span)
  return areFreeSpans(pieces, spans) ? free : undefined
}

/** Whether spans may be given away together: strictly ascending, existing, none under another. */
export function areFreeSpans(pieces: number, spans: readonly number[]): boolean {
  const given = new Set<number>()
  let last = 0
  for (const span of spans) {
    if (span <= last || !exists(pieces, span)) return false
    // Ascending, so an ancestor comes before what lies under it.
    for (let up = Math.floor(span / 2); up >= 1; up = Math.floor(up / 2))
      if (given.has(up)) return false
    given.add(span)
    last = span
  }
  return true
}

/** How many pieces of a span are free: the price leaves them out (docs/protocol.md §7). */
export function freePieces(
  torrent: { readonly pieces: number; readonly free: readonly SpanKey[] },
  span: number,
): number {
  let count = 0
  for (const given of torrent.free) {
    if (isUnder(span, given.span)) return covers(torrent.pieces, span).count
    if (isUnder(given.span, span)) count += covers(torrent.pieces, given.span).count
  }
  return count
}
