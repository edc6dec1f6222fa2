/**
 * One share of sealing: some pieces encrypted and hashed, some spans' rows made (docs/protocol.md §3 – §5).
 * @module
 */
import { leafOf, pieceLength } from '../src/core/geometry.ts'
import { applyCipher } from './cipher.ts'
import { CouponRoots } from './coupon-roots.ts'
import { CouponSeeds } from './coupons.ts'
import { loadFastHash, sha1 } from './hash.ts'
import { KeyWalk } from './key-walk.ts'
import { cipherKey, keyCommitment, plaintextCommitment } from './keys.ts'
import { type PlainFile, PlainReader } from './plain-files.ts'
import { RECORD_BYTES, rowOf } from './record.ts'

/** Length of a piece hash in bytes (BEP 3). */
export const PIECE_HASH_BYTES = 20

/** What all jobs of one torrent share. Holds secrets: it never leaves the process. */
export interface SealPlan {
  readonly files: readonly PlainFile[]
  readonly totalBytes: number
  readonly pieceBytes: number
  readonly pieces: number
  readonly c: number
  /** K_1, 32 bytes. */
  readonly rootKey: Uint8Array
  /** Σ, 32 bytes. */
  readonly couponSeed: Uint8Array
}

/** A share of the work. */
export interface SealJob {
  readonly firstPiece: number
  readonly pieceCount: number
  /** Inner spans, ascending. */
  readonly inner: readonly number[]
}

/** What a job gives. */
export interface SealedPart {
  readonly job: SealJob
  /** 20 bytes a piece. */
  readonly pieceHashes: Uint8Array
  /** 96 bytes a piece. */
  readonly leafRows: Uint8Array
  /** 96 bytes an inner span. */
  readonly innerRows: Uint8Array
}

/** Does jobs of one torrent, one after the other. Holds one piece of plaintext and one of ciphertext. */
export class Sealer {
  readonly #plan: SealPlan
  readonly #reader: PlainReader
  readonly #coupons: CouponRoots
  readonly #plaintext: Uint8Array

  private constructor(plan: SealPlan) {
    this.#plan = plan
    this.#reader = new PlainReader(plan.files)
    this.#coupons = new CouponRoots(CouponSeeds.delegated(plan.c, 1, plan.couponSeed))
    this.#plaintext = new Uint8Array(Math.min(plan.pieceBytes, plan.totalBytes))
  }

  static async start(plan: SealPlan): Promise<Sealer> {
    await loadFastHash()
    return new Sealer(plan)
  }

  /** @throws LntError `FILE_CHANGED`, `FILE_SYSTEM` */
  run(job: SealJob): SealedPart {
    const { pieceCount, firstPiece, inner } = job
    const pieceHashes = new Uint8Array(PIECE_HASH_BYTES * pieceCount)
    const leafRows = new Uint8Array(RECORD_BYTES * pieceCount)
    const leaves = new KeyWalk({ span: 1, key: this.#plan.rootKey })
    for (let i = 0; i < pieceCount; i++) {
      const span = leafOf(this.#plan.pieces, firstPiece + i)
      const { row, pieceHash } = this.#piece(firstPiece + i, span, leaves.key(span))
      pieceHashes.set(pieceHash, PIECE_HASH_BYTES * i)
      leafRows.set(row, RECORD_BYTES * i)
    }
    const innerRows = new Uint8Array(RECORD_BYTES * inner.length)
    const walk = new KeyWalk({ span: 1, key: this.#plan.rootKey })
    for (const [i, span] of inner.entries())
      innerRows.set(this.#row(span, walk.key(span), new Uint8Array(32)), RECORD_BYTES * i)
    return { job, pieceHashes, leafRows, innerRows }
  }

  close(): void {
    this.#reader.close()
  }

  #piece(piece: number, span: number, key: Uint8Array): { row: Uint8Array; pieceHash: Uint8Array } {
    const { totalBytes, pieceBytes } = this.#plan
    const plaintext = this.#plaintext.subarray(0, pieceLength(totalBytes, pieceBytes, piece))
    this.#reader.read(plaintext, piece * pieceBytes)
    const pt = plaintextCommitment(key, plaintext)
    const pieceHash = sha1(applyCipher(cipherKey(key), plaintext))
    return { row: this.#row(span, key, pt), pieceHash }
  }

  #row(span: number, key: Uint8Array, pt: Uint8Array): Uint8Array {
    return rowOf({ kc: keyCommitment(key), pt, cv: this.#coupons.root(span, key) })
  }
}
