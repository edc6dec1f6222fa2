/**
 * After paying: does the key meet its commitments, does the piece (docs/protocol.md §7, after paying).
 * @module
 */
import { equal } from '../src/core/bytes.ts'
import { LntError } from '../src/core/errors.ts'
import { covers, isLeaf } from '../src/core/geometry.ts'
import { applyCipher } from './cipher.ts'
import { childKey, cipherKey, keyCommitment, plaintextCommitment, type SpanKey } from './keys.ts'
import type { Records } from './record-table.ts'

/** The leaf keys that a checked key gives. */
export interface OpenedSpan {
  readonly first: number
  /** Key of piece first + i, 32 bytes each. */
  readonly leafKeys: readonly Uint8Array[]
}

/**
 * Checks a key against the span's own record and every leaf key that it gives against that leaf's record.
 * @param records - must know the span and every piece under it (`RecordBook.missing` is empty)
 * @throws {@link LntError} `BAD_KEY` with the span whose commitment is missed: evidence (docs/protocol.md §10)
 */
export function checkKey(
  torrent: { readonly pieces: number },
  records: Records,
  { span, key }: SpanKey,
): OpenedSpan {
  const { pieces } = torrent
  check(records, span, key)
  const { first, count } = covers(pieces, span)
  const leafKeys: Uint8Array[] = []
  const descend = (node: number, own: Uint8Array): void => {
    const run = covers(pieces, node)
    if (run.count === 0) return
    if (!isLeaf(pieces, node)) {
      descend(2 * node, childKey(own, 0))
      descend(2 * node + 1, childKey(own, 1))
      return
    }
    if (node !== span) check(records, node, own)
    leafKeys.push(own)
  }
  descend(span, key)
  if (leafKeys.length !== count) throw new RangeError('open: leaves')
  return { first, leafKeys }
}

function check(records: Records, span: number, key: Uint8Array): void {
  const record = records.get(span)
  if (record === undefined) throw new RangeError(`open: record of span ${span} is not known`)
  if (!equal(keyCommitment(key), record.kc))
    throw new LntError({ code: 'BAD_KEY', why: 'key commitment', span })
}

/**
 * Decrypts a piece and checks its plaintext commitment.
 * @param pt - of the leaf's verified record, 32 bytes
 * @param leaf - the piece's leaf span and its checked key
 * @param ciphertext - the whole piece, verified against `pieces`
 * @throws {@link LntError} `BAD_KEY`: evidence (docs/protocol.md §10)
 */
export function openPiece(pt: Uint8Array, leaf: SpanKey, ciphertext: Uint8Array): Uint8Array {
  const plaintext = unsealPiece(leaf.key, ciphertext)
  if (!equal(plaintextCommitment(leaf.key, plaintext), pt))
    throw new LntError({ code: 'BAD_KEY', why: 'plaintext commitment', span: leaf.span })
  return plaintext
}

/** Decrypts a piece without asking what its publisher said of it. */
export function unsealPiece(leafKey: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  return applyCipher(cipherKey(leafKey), ciphertext)
}
