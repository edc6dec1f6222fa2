/**
 * From a preimage to a key that is known to be good: every commitment is checked (docs/protocol.md §7 "After paying").
 * @module
 */
import { unwrap } from '../../torrents/coupons.ts'
import type { SealedTorrent } from '../../torrents/info.ts'
import { KeyWalk } from '../../torrents/key-walk.ts'
import { keyCommitment, type SpanKey } from '../../torrents/keys.ts'
import type { PieceOpener } from '../../torrents/piece-opener.ts'
import type { RecordBook } from '../../torrents/records.ts'
import { equal } from '../core/bytes.ts'
import { hasCode, LntError } from '../core/errors.ts'
import { isLeaf, leafOf } from '../core/geometry.ts'
import type { Purchase, RecordProof } from '../core/purchase.ts'
import type { Opened } from './buy.ts'
import type { Shelf } from './shelf.ts'

/** Pieces read and decrypted at once: more would only hold memory. */
const AT_ONCE = 4

/** Ciphertext as the swarm holds it. */
export interface Goods {
  /** Whether a piece is held and verified against the info dict. */
  has(piece: number): boolean
  /** Ciphertext of a whole piece that is held. */
  read(piece: number): Promise<Uint8Array>
}

/** What opening looks at. */
export interface OpeningPorts {
  readonly torrent: SealedTorrent
  readonly book: RecordBook
  readonly shelf: Shelf
  readonly goods: Goods
  readonly opener: PieceOpener
  /** A piece was decrypted and met its commitment: its plaintext, for whoever opens it in a moment. */
  readonly onChecked: (piece: number, plaintext: Uint8Array) => void
}

/** Turns the preimage of a paid purchase into its key and checks it against the span's own commitment. */
export function openKey(purchase: Purchase, preimage: Uint8Array): Opened {
  const key = unwrap(purchase.wrap, preimage)
  if (!equal(keyCommitment(key), purchase.record.kc)) return { good: false, why: 'kc' }
  return { good: true, key }
}

/** The same, and checks all that is known of the pieces under the span: their kc, their pt, keys held before. */
export async function openPurchase(
  purchase: Purchase,
  preimage: Uint8Array,
  ports: OpeningPorts,
): Promise<Opened> {
  const opened = openKey(purchase, preimage)
  if (!opened.good) return opened
  try {
    await checkPieces(purchase, opened.key, ports)
  } catch (err) {
    if (hasCode(err, 'BAD_KEY')) return { good: false, why: err.detail.why }
    throw err
  }
  return opened
}

/** Keys first, all of them: they cost little, and a key that misses spares the pieces. */
async function checkPieces(
  purchase: Purchase,
  key: Uint8Array,
  ports: OpeningPorts,
): Promise<void> {
  const { torrent, book, shelf, opener, onChecked } = ports
  const walk = new KeyWalk({ span: purchase.span, key })
  const jobs = shelf.piecesOf(purchase.span).map((piece) => {
    const span = leafOf(torrent.pieces, piece)
    const leaf = { span, key: walk.key(span) }
    const record = isLeaf(torrent.pieces, purchase.span) ? purchase.record : book.get(span)
    checkLeaf(leaf, record, shelf.leafKey(piece))
    return { piece, leaf, record }
  })
  const queue = jobs.values()
  const work = async (): Promise<void> => {
    for (const { piece, leaf, record } of queue) {
      const ciphertext = record && !shelf.isOpened(piece) && (await readOf(piece, ports))
      if (ciphertext) onChecked(piece, await opener.open(record.pt, leaf, ciphertext))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** A disk that does not read is no lie: the key is kept, and the piece checked when it is opened. */
async function readOf(
  piece: number,
  { goods }: Pick<OpeningPorts, 'goods'>,
): Promise<Uint8Array | undefined> {
  if (!goods.has(piece)) return undefined
  try {
    return await goods.read(piece)
  } catch {
    return undefined
  }
}

function checkLeaf(
  leaf: SpanKey,
  record: Pick<RecordProof, 'kc'> | undefined,
  held: Uint8Array | undefined,
): void {
  if (record && !equal(keyCommitment(leaf.key), record.kc)) throw bad(leaf.span, 'kc of a piece')
  if (held && !equal(held, leaf.key)) throw bad(leaf.span, 'another key than the one held')
}

function bad(span: number, why: string): LntError {
  return new LntError({ code: 'BAD_KEY', span, why })
}
