/**
 * How long a film or song plays, from the pieces that are in hand: music-metadata on whatever is there.
 * @module
 */
import { parseBlob } from 'music-metadata'
import type { PieceSource } from '../core/source.ts'

/** Most bytes read in one try. Headers are far smaller; a file without one is not read to its end. */
const MAX_READ_BYTES: number = 16 * 1024 * 1024

/** Reads of pieces in hand end by themselves. */
const NEVER = new AbortController().signal

/**
 * Duration in seconds, or undefined when the pieces in hand do not tell (yet), or the format is unknown.
 * Asks for no piece that is not in hand; whatever the bytes, throws nothing.
 */
export async function durationSeconds(source: PieceSource): Promise<number | undefined> {
  let found: number | undefined
  try {
    await parseBlob(new HeldBlob(source), {
      skipCovers: true,
      // What was found counts, also when a piece further on is missing.
      observer: ({ tag }) => {
        if (tag.type === 'format' && tag.id === 'duration') found = numberOf(tag.value) ?? found
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
  readonly #source: PieceSource
  #leftBytes = MAX_READ_BYTES

  constructor(source: PieceSource) {
    super()
    this.#source = source
  }

  override get size(): number {
    return this.#source.fileBytes
  }

  override slice(start = 0, end: number = this.size): Blob {
    const slice = new Blob()
    slice.arrayBuffer = () => this.#read(start, Math.min(end, this.size))
    return slice
  }

  async #read(start: number, end: number): Promise<ArrayBuffer> {
    const { fileOffset, pieceBytes } = this.#source
    this.#leftBytes -= end - start
    if (this.#leftBytes < 0) throw new RangeError('read enough')
    const joined = new Uint8Array(Math.max(0, end - start))
    for (let at = start; at < end; ) {
      const piece = Math.floor((fileOffset + at) / pieceBytes)
      if (!this.#source.has(piece)) throw new RangeError('not in hand')
      const bytes = await this.#source.piece(piece, NEVER)
      const from = fileOffset + at - piece * pieceBytes
      const part = bytes.subarray(from, from + end - at)
      if (part.length === 0) throw new RangeError('a short piece')
      joined.set(part, at - start)
      at += part.length
    }
    return joined.buffer
  }
}
