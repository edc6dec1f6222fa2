/**
 * How long a film or song plays, from the pieces that are in hand: music-metadata on whatever is there.
 * @module
 */
import { parseBlob } from 'music-metadata'
import type { PieceSource } from '../core/source.ts'

/** Most bytes, and most reads, of one try: headers need far less, and a hostile file could ask for ever. */
const MAX_READ_BYTES: number = 16 * 1024 * 1024
const MAX_READS = 20_000

/**
 * Where music-metadata always looks first for tags of old songs (ID3v1, Lyrics3, APEv2): bytes at the end.
 * When they are not in hand they read as zeros, no tag, for the film is not to wait for its end.
 */
const TAG_BYTES = 512

/** Reads of pieces in hand end by themselves. */
const NEVER: AbortSignal = new AbortController().signal

/**
 * Duration in seconds, or undefined when the pieces in hand do not tell (yet), or the format is unknown.
 * Asks for no piece that is not in hand; whatever the bytes, throws nothing.
 */
export async function durationSeconds(source: PieceSource): Promise<number | undefined> {
  let found: number | undefined
  const blob = new HeldBlob(source)
  try {
    await parseBlob(blob, {
      skipCovers: true,
      observer: ({ tag }) => {
        // What is found after a read failed is the sum of the fragments in hand, not the whole.
        if (tag.type === 'format' && tag.id === 'duration' && !blob.hasFailed)
          found = numberOf(tag.value) ?? found
      },
    })
  } catch {
    // A piece that is not in hand, or bytes that make no sense: the next try may have more.
  }
  return found
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined
}

/** The file as music-metadata reads it: anywhere, but only what is in hand. */
class HeldBlob extends Blob {
  /** Whether a read was refused. */
  hasFailed = false
  readonly #source: PieceSource
  #leftBytes = MAX_READ_BYTES
  #leftReads = MAX_READS
  /** The piece that was read last: headers are read in many small parts. */
  #last: { readonly piece: number; readonly bytes: Uint8Array } | undefined

  constructor(source: PieceSource) {
    super()
    this.#source = source
  }

  override get size(): number {
    return this.#source.fileBytes
  }

  override slice(start = 0, end: number = this.size): Blob {
    const slice = new Blob()
    slice.arrayBuffer = async () => {
      try {
        return await this.#read(start, Math.min(end, this.size))
      } catch (err) {
        this.hasFailed = true
        throw err
      }
    }
    return slice
  }

  async #read(start: number, end: number): Promise<ArrayBuffer> {
    const { fileOffset, pieceBytes } = this.#source
    this.#leftBytes -= end - start
    this.#leftReads -= 1
    if (this.#leftBytes < 0 || this.#leftReads < 0) throw new RangeError('read enough')
    const joined = new Uint8Array(Math.max(0, end - start))
    if (start >= this.size - TAG_BYTES && !this.#isHeld(start, end)) return joined.buffer
    for (let at = start; at < end; ) {
      const piece = Math.floor((fileOffset + at) / pieceBytes)
      const from = fileOffset + at - piece * pieceBytes
      const part = (await this.#piece(piece)).subarray(from, from + end - at)
      if (part.length === 0) throw new RangeError('a short piece')
      joined.set(part, at - start)
      at += part.length
    }
    return joined.buffer
  }

  #isHeld(start: number, end: number): boolean {
    const { fileOffset, pieceBytes } = this.#source
    const last = Math.floor((fileOffset + end - 1) / pieceBytes)
    for (let piece = Math.floor((fileOffset + start) / pieceBytes); piece <= last; piece++)
      if (!this.#source.has(piece)) return false
    return true
  }

  async #piece(piece: number): Promise<Uint8Array> {
    if (this.#last?.piece === piece) return this.#last.bytes
    if (!this.#source.has(piece)) throw new RangeError('not in hand')
    const bytes = await this.#source.piece(piece, NEVER)
    this.#last = { piece, bytes }
    return bytes
  }
}
