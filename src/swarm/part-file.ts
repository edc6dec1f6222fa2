/**
 * A download's store: NAME.part beside the target. A piece lies there as ciphertext until its key is
 * known, then as plaintext in place. No state is kept beside it: at start every piece is recognised
 * by its hash, as it lies or encrypted again, so a crash in the middle of one costs that one only.
 * @module
 */
import { applyCipher } from '../../torrents/cipher.ts'
import type { SealedTorrent } from '../../torrents/info.ts'
import { pieceLength } from '../core/geometry.ts'
import type { FileSpace } from './file-space.ts'
import { openParts, publish } from './part-folder.ts'
import { isHole, isRight } from './piece-hash.ts'
import type { PieceStore } from './piece-store.ts'

const ABSENT = 0
const CIPHERTEXT = 1
const PLAINTEXT = 2

/** Ciphertext held back for its key, in bytes. After a crash it is fetched again. */
const HELD_BYTES: number = 80 * 2 ** 20

/** What a download's store is made of. */
export interface PartFileOptions {
  readonly torrent: SealedTorrent
  /** Final path of the file, or of the folder of a torrent of several files. */
  readonly target: string
  /** Cipher key of a piece, 32 bytes, when it is known. What it opens was checked. */
  readonly cipherKeyOf: (piece: number) => Uint8Array | undefined
}

/**
 * Opens or makes NAME.part.
 * @throws {@link LntError} `BAD_INPUT` when the target exists; `FILE_SYSTEM`, when the disk cannot
 * hold it all among others
 */
export async function openPartFile(options: PartFileOptions): Promise<PartFile> {
  const { space, isNew } = await openParts(options.torrent, options.target)
  return new PartFile(options, space, isNew)
}

/** See {@link openPartFile}. */
export class PartFile implements PieceStore {
  readonly #options: PartFileOptions
  readonly #space: FileSpace
  readonly #isNew: boolean
  readonly #states: Uint8Array
  /** How many are PLAINTEXT. */
  #unlocked = 0
  /** Who uses a piece: rewriting it in place must not meet a read. */
  readonly #turns = new Map<number, Promise<unknown>>()
  /** Ciphertext in memory that waits for its key: then it is written once, as plaintext. */
  readonly #held = new Map<number, Uint8Array>()
  /** Those of them that are being written, or are about to be. */
  readonly #spilling = new Set<number>()
  /** Of what is held and not being written. */
  #heldBytes = 0
  #closing: Promise<void> | undefined
  #isPublished = false

  constructor(options: PartFileOptions, space: FileSpace, isNew: boolean) {
    this.#options = options
    this.#space = space
    this.#isNew = isNew
    this.#states = new Uint8Array(options.torrent.pieces)
  }

  async find(piece: number): Promise<boolean> {
    if (this.#isNew) return false
    return this.#inTurn(piece, async () => {
      this.#mark(piece, await this.#recognise(piece))
      if (this.#states[piece] === CIPHERTEXT) await this.#rewrite(piece)
      return this.#states[piece] !== ABSENT
    })
  }

  async read(piece: number, offset: number, length: number): Promise<Uint8Array> {
    return this.#inTurn(piece, async () => {
      const held = this.#held.get(piece)
      if (held) return held.subarray(offset, offset + length)
      const bytes = await this.#space.read(this.#offsetOf(piece) + offset, length)
      const key = this.#options.cipherKeyOf(piece)
      if (this.#states[piece] !== PLAINTEXT) return bytes
      if (!key) throw new RangeError(`the key of piece ${piece} was known and is not any more`)
      return applyCipher(key, bytes, offset)
    })
  }

  async write(piece: number, ciphertext: Uint8Array): Promise<void> {
    await this.#inTurn(piece, async () => {
      // Ciphertext even when the key is known: what the key opens is checked on it first.
      this.#mark(piece, CIPHERTEXT)
      this.#held.set(piece, ciphertext)
      this.#heldBytes += ciphertext.length
    })
    await this.#spill(HELD_BYTES)
  }

  /**
   * The piece's key is known and what it opens was checked: turns it into plaintext in place.
   * Does nothing for a piece that is not here or is plaintext already.
   * @param plaintext - of the whole piece, when it is at hand: saves decrypting it again
   * @throws {@link LntError} `FILE_SYSTEM`
   */
  async unlock(piece: number, plaintext?: Uint8Array): Promise<void> {
    await this.#inTurn(piece, async () => {
      if (this.#states[piece] === CIPHERTEXT) await this.#rewrite(piece, plaintext)
    })
  }

  /** Pieces that lie there as plaintext. */
  get unlockedPieces(): number {
    return this.#unlocked
  }

  /**
   * Everything is plaintext: makes it durable and gives it its final name. It is served from there.
   * @throws {@link LntError} `BAD_INPUT` when the target exists by now; `FILE_SYSTEM`
   */
  async finish(): Promise<void> {
    if (this.#isPublished) return
    if (this.unlockedPieces !== this.#states.length) throw new RangeError('not all is plaintext')
    await this.#space.sync()
    await publish(this.#options.target)
    this.#isPublished = true
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#spill(0).catch(() => undefined)
    await Promise.allSettled(this.#turns.values())
    await this.#space.close()
  }

  #mark(piece: number, state: number): void {
    if (this.#states[piece] === PLAINTEXT) this.#unlocked -= 1
    if (state === PLAINTEXT) this.#unlocked += 1
    this.#states[piece] = state
  }

  async #recognise(piece: number): Promise<number> {
    const { torrent, cipherKeyOf } = this.#options
    const bytes = await this.#space.read(this.#offsetOf(piece), this.#lengthOf(piece))
    const key = cipherKeyOf(piece)
    if (isHole(bytes) && !key) return ABSENT
    if (isRight(torrent, piece, bytes)) return CIPHERTEXT
    return key && isRight(torrent, piece, applyCipher(key, bytes)) ? PLAINTEXT : ABSENT
  }

  async #rewrite(piece: number, known?: Uint8Array): Promise<void> {
    const plaintext = known ?? (await this.#decrypt(piece))
    if (!plaintext) return
    // Unknown until it is done: half a piece is neither.
    this.#mark(piece, ABSENT)
    await this.#space.write(this.#offsetOf(piece), plaintext)
    this.#mark(piece, PLAINTEXT)
    this.#release(piece)
  }

  /** Writes the ciphertext that has waited longest for its key, until little enough is in memory. */
  async #spill(limitBytes: number): Promise<void> {
    const writes: Promise<void>[] = []
    for (const [piece, held] of this.#held) {
      if (this.#heldBytes <= limitBytes) break
      if (this.#spilling.has(piece)) continue
      this.#spilling.add(piece)
      this.#heldBytes -= held.length
      writes.push(this.#inTurn(piece, () => this.#writeHeld(piece)))
    }
    await Promise.all(writes)
  }

  async #writeHeld(piece: number): Promise<void> {
    const held = this.#held.get(piece)
    if (held) await this.#space.write(this.#offsetOf(piece), held)
    this.#release(piece)
  }

  #release(piece: number): void {
    const held = this.#held.get(piece)
    this.#held.delete(piece)
    if (!this.#spilling.delete(piece)) this.#heldBytes -= held?.length ?? 0
  }

  async #decrypt(piece: number): Promise<Uint8Array | undefined> {
    const key = this.#options.cipherKeyOf(piece)
    if (!key) return undefined
    const held = this.#held.get(piece)
    const read = () => this.#space.read(this.#offsetOf(piece), this.#lengthOf(piece))
    return applyCipher(key, held ?? (await read()))
  }

  /** One after the other for each piece; pieces do not wait for each other. */
  #inTurn<T>(piece: number, act: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(piece) ?? Promise.resolve()
    const turn = before.then(act, act)
    this.#turns.set(piece, turn)
    const end = (): void => {
      if (this.#turns.get(piece) === turn) this.#turns.delete(piece)
    }
    turn.then(end, end)
    return turn
  }

  #offsetOf(piece: number): number {
    return piece * this.#options.torrent.pieceBytes
  }

  #lengthOf(piece: number): number {
    const { totalBytes, pieceBytes } = this.#options.torrent
    return pieceLength(totalBytes, pieceBytes, piece)
  }
}
