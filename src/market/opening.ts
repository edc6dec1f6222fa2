/**
 * From a preimage to a key that is known to be good: every commitment is checked (docs/protocol.md §7 "After paying").
 * @module
 */
import { unwrap } from '../../torrents/coupons.ts'
import type { SealedTorrent } from '../../torrents/info.ts'
import { keyCommitment, keyOf } from '../../torrents/keys.ts'
import { openPiece } from '../../torrents/open.ts'
import type { RecordBook } from '../../torrents/records.ts'
import { equal } from '../core/bytes.ts'
import { hasCode, LntError } from '../core/errors.ts'
import { isLeaf, leafOf } from '../core/geometry.ts'
import type { Purchase } from '../core/purchase.ts'
import type { Opened } from './buy.ts'
import type { Shelf } from './shelf.ts'

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
    for (const piece of ports.shelf.piecesOf(purchase.span))
      await checkUnder(purchase, opened.key, piece, ports)
  } catch (err) {
    if (hasCode(err, 'BAD_KEY')) return { good: false, why: err.detail.why }
    throw err
  }
  return opened
}

async function checkUnder(
  purchase: Purchase,
  key: Uint8Array,
  piece: number,
  { torrent, book, shelf, goods, onChecked }: OpeningPorts,
): Promise<void> {
  const leaf = leafOf(torrent.pieces, piece)
  const leafKey = keyOf({ span: purchase.span, key }, leaf)
  const record = isLeaf(torrent.pieces, purchase.span) ? purchase.record : book.get(leaf)
  if (record && !equal(keyCommitment(leafKey), record.kc)) throw bad(leaf, 'kc of a piece')
  const held = shelf.leafKey(piece)
  if (held && !equal(held, leafKey)) throw bad(leaf, 'another key than the one held')
  if (!record || !goods.has(piece)) return
  onChecked(piece, openPiece(record.pt, { span: leaf, key: leafKey }, await goods.read(piece)))
}

function bad(span: number, why: string): LntError {
  return new LntError({ code: 'BAD_KEY', span, why })
}
