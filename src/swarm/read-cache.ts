/**
 * The few pieces of ciphertext that were read or verified last, in chunks: peers ask for 16 KiB at a
 * time, and reading and encrypting that little at a time costs more than the work itself.
 * @module
 */
import type { PieceStore } from './piece-store.ts'

/** What is read from a store at once, bytes. */
const CHUNK_BYTES = 256 * 1024

/** Chunks by piece, oldest use first. */
export class ReadCache {
  readonly #store: PieceStore
  readonly #lengthOf: (piece: number) => number
  readonly #limitBytes: number
  readonly #chunks = new Map<string, Uint8Array>()
  readonly #loading = new Map<string, Promise<Uint8Array>>()
  #bytes = 0

  /** @param lengthOf - length of a piece in bytes */
  constructor(store: PieceStore, lengthOf: (piece: number) => number, limitBytes: number) {
    this.#store = store
    this.#lengthOf = lengthOf
    this.#limitBytes = limitBytes
  }

  /** The block, if it is in memory and within one chunk. */
  peek(piece: number, offset: number, length: number): Uint8Array | undefined {
    const start = offset - (offset % CHUNK_BYTES)
    if (offset + length > start + CHUNK_BYTES) return undefined
    const key = keyOf(piece, start)
    const chunk = this.#chunks.get(key)
    if (!chunk) return undefined
    this.#chunks.delete(key)
    this.#chunks.set(key, chunk)
    return chunk.subarray(offset - start, offset - start + length)
  }

  /** The block, from memory or from the store. Several asks for one chunk read it once. */
  async load(piece: number, offset: number, length: number): Promise<Uint8Array> {
    const first = offset - (offset % CHUNK_BYTES)
    const end = offset + length
    if (end <= first + CHUNK_BYTES)
      return (await this.#chunk(piece, first)).subarray(offset - first, end - first)
    const block = new Uint8Array(length)
    for (let start = first; start < end; start += CHUNK_BYTES) {
      const chunk = await this.#chunk(piece, start)
      const from = Math.max(offset, start)
      block.set(chunk.subarray(from - start, end - start), from - offset)
    }
    return block
  }

  /** Keeps a whole piece that is in memory anyway. */
  put(piece: number, bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES)
      this.#keep(keyOf(piece, start), bytes.subarray(start, start + CHUNK_BYTES))
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks.clear()
    this.#bytes = 0
  }

  async #chunk(piece: number, start: number): Promise<Uint8Array> {
    const key = keyOf(piece, start)
    const kept = this.#chunks.get(key)
    if (kept) return kept
    let loading = this.#loading.get(key)
    if (!loading) {
      const length = Math.min(CHUNK_BYTES, this.#lengthOf(piece) - start)
      loading = this.#store.read(piece, start, length)
      this.#loading.set(key, loading)
    }
    try {
      const chunk = await loading
      if (this.#loading.delete(key)) this.#keep(key, chunk)
      return chunk
    } finally {
      this.#loading.delete(key)
    }
  }

  #keep(key: string, chunk: Uint8Array): void {
    this.#bytes += chunk.length - (this.#chunks.get(key)?.length ?? 0)
    this.#chunks.delete(key)
    this.#chunks.set(key, chunk)
    for (const [oldest, old] of this.#chunks) {
      if (this.#bytes <= this.#limitBytes || oldest === key) break
      this.#chunks.delete(oldest)
      this.#bytes -= old.length
    }
  }
}

function keyOf(piece: number, start: number): string {
  return `${piece}:${start}`
}
