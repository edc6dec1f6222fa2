/**
 * The key tree of a torrent and the publisher's identity (docs/protocol.md §3).
 * @module
 */
import { concat, u8, u32, u64 } from '../src/core/bytes.ts'
import { isUnder, levelOf } from '../src/core/geometry.ts'
import { publicBytesOf, secretKeyOf } from './curve-key.ts'
import { ascii, prf, T } from './hash.ts'

/** A span and its key, 32 bytes: it opens every piece under the span. */
export interface SpanKey {
  readonly span: number
  readonly key: Uint8Array
}

/** What a salt is bound to. */
export interface Content {
  readonly pieces: number
  readonly totalBytes: number
  readonly pieceBytes: number
  /** SHA-256 of the whole plaintext, 32 bytes. */
  readonly plaintextHash: Uint8Array
}

/** Salt of a torrent, 32 bytes: the same content gives the same salt, an edited one never does. */
export function saltOf(master: Uint8Array, content: Content): Uint8Array {
  return prf(
    master,
    ascii('lnt1/slt'),
    u32(content.pieces),
    u64(content.totalBytes),
    u32(content.pieceBytes),
    content.plaintextHash,
  )
}

/** K_1, 32 bytes: the key of the whole torrent. */
export function rootKey(master: Uint8Array, salt: Uint8Array): Uint8Array {
  return prf(master, ascii('lnt1/kr.'), salt)
}

/** K_{2v+side} from K_v. */
export function childKey(key: Uint8Array, side: 0 | 1): Uint8Array {
  return prf(key, ascii('lnt1/ggm'), u8(side))
}

/**
 * Key of `span` from the key of a span that it lies under, or is.
 * @throws RangeError when it does not: ask `isUnder` first
 */
export function keyOf(from: SpanKey, span: number): Uint8Array {
  if (!isUnder(span, from.span)) throw new RangeError(`span ${span} is not under ${from.span}`)
  let key = from.key
  for (let down = levelOf(span) - levelOf(from.span) - 1; down >= 0; down--)
    key = childKey(key, (span >>> down) & 1 ? 1 : 0)
  return key
}

/** AES-256 key of a piece from its leaf span's key. */
export function cipherKey(leafKey: Uint8Array): Uint8Array {
  return prf(leafKey, ascii('lnt1/enc'))
}

/** Key of a piece's plaintext commitment from its leaf span's key. */
export function plaintextKey(leafKey: Uint8Array): Uint8Array {
  return prf(leafKey, ascii('lnt1/ptk'))
}

/** kc_v: what a record says about a span's key (docs/protocol.md §5). */
export function keyCommitment(key: Uint8Array): Uint8Array {
  return T('lnt1/kc.', key)
}

/** pt_v of a leaf: what a record says about its plaintext piece (docs/protocol.md §5). */
export function plaintextCommitment(leafKey: Uint8Array, plaintext: Uint8Array): Uint8Array {
  return T('lnt1/pt.', plaintextKey(leafKey), plaintext)
}

/**
 * Ed25519 seed of a publisher, 32 bytes.
 * @param salt - of one torrent, to publish it anonymously; without it one identity for all torrents
 */
export function publisherSeed(master: Uint8Array, salt?: Uint8Array): Uint8Array {
  return prf(master, concat(ascii('lnt1/pk.'), salt ?? new Uint8Array()))
}

/** Ed25519 public key of a seed, 32 bytes (RFC 8032): `pk` of the info dict, `dk` of a delegate. */
export function publisherKey(seed: Uint8Array): Uint8Array {
  return publicBytesOf(secretKeyOf('Ed25519', seed))
}
