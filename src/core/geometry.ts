/**
 * Spans: the nodes of the binary tree over a torrent's pieces, numbered as in a heap (docs/protocol.md §2).
 * @module
 */

/** Most pieces a sealed torrent has (docs/protocol.md §2). */
export const MAX_PIECES: number = 2 ** 18

/** A run of pieces: `count` of them from `first` on. */
export interface Run {
  readonly first: number
  readonly count: number
}

/** Depth d of the tree: ceil(log2 pieces). Leaves are spans 2^d … 2^(d+1) − 1. */
export function depthOf(pieces: number): number {
  return Math.ceil(Math.log2(pieces))
}

/** Number of pieces of a torrent of `totalBytes`, the last one possibly short. */
export function piecesOf(totalBytes: number, pieceBytes: number): number {
  return Math.ceil(totalBytes / pieceBytes)
}

/** Length of one piece in bytes; only the last one can be short. */
export function pieceLength(totalBytes: number, pieceBytes: number, piece: number): number {
  return Math.min(pieceBytes, totalBytes - piece * pieceBytes)
}

/** Level of a span: 0 for the root, d for a leaf. */
export function levelOf(span: number): number {
  return 31 - Math.clz32(span)
}

/** The leaf span of a piece. */
export function leafOf(pieces: number, piece: number): number {
  return 2 ** depthOf(pieces) + piece
}

/** The pieces that a span covers, cut at the end of the torrent; `count` is 0 when it covers none. */
export function covers(pieces: number, span: number): Run {
  const depth = depthOf(pieces)
  const height = depth - levelOf(span)
  const first = span * 2 ** height - 2 ** depth
  return { first, count: Math.max(0, Math.min(2 ** height, pieces - first)) }
}

/** Whether a span exists: 1 ≤ span < 2^(d+1), and it covers at least one piece. */
export function exists(pieces: number, span: number): boolean {
  if (!Number.isInteger(span) || span < 1 || span >= 2 ** (depthOf(pieces) + 1)) return false
  return covers(pieces, span).count > 0
}

/** Whether a span is a single piece's. */
export function isLeaf(pieces: number, span: number): boolean {
  return levelOf(span) === depthOf(pieces)
}

/** Whether `span` lies under `ancestor`, or is it. */
export function isUnder(span: number, ancestor: number): boolean {
  const down = levelOf(span) - levelOf(ancestor)
  return down >= 0 && Math.floor(span / 2 ** down) === ancestor
}

/** The fewest spans that cover exactly the pieces for which `has` holds, ascending. */
export function maximalSpans(pieces: number, has: (piece: number) => boolean): number[] {
  const found: number[] = []
  const visit = (span: number): boolean => {
    if (!exists(pieces, span)) return true
    if (isLeaf(pieces, span)) return has(covers(pieces, span).first)
    const full = [visit(2 * span), visit(2 * span + 1)]
    if (full[0] && full[1]) return true
    for (const [side, isFull] of full.entries())
      if (isFull && exists(pieces, 2 * span + side)) found.push(2 * span + side)
    return false
  }
  if (visit(1)) return [1]
  return found.sort((a, b) => a - b)
}
