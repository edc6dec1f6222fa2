/**
 * Plaintext for a player: what it asks for is fetched and bought, in its order.
 * @module
 */

import type { TorrentFile } from '../../torrents/info.ts'
import { openPiece, unsealPiece } from '../../torrents/open.ts'
import { leafOf } from '../core/geometry.ts'
import type { PieceSource } from '../core/source.ts'
import type { Wants } from '../market/shop-ports.ts'
import type { Buying } from './buying.ts'

/** Plaintext kept for the next reader, bytes: players ask for the same few places again and again. */
const CACHE_BYTES: number = 32 * 2 ** 20

/** Ciphertext fetched ahead of what is asked for, bytes: it costs nothing, and then only the payment is waited for. */
const AHEAD_BYTES: number = 32 * 2 ** 20

interface Demand {
  readonly promise: Promise<Uint8Array>
  readonly resolve: (plaintext: Uint8Array) => void
  readonly reject: (err: unknown) => void
  users: number
}

/** One file of a torrent that is being bought. */
export class ViewSource implements PieceSource {
  readonly name: string
  readonly fileBytes: number
  readonly fileOffset: number
  readonly pieceBytes: number
  readonly #buying: Buying
  readonly #demands = new Map<number, Demand>()
  /** Pieces that a reader waits for right now. */
  readonly #hurried = new Set<number>()
  readonly #cache = new Map<number, Uint8Array>()
  #farthest = 0
  #closed: Error | undefined

  constructor(buying: Buying, file: TorrentFile) {
    this.#buying = buying
    this.name = file.path.at(-1) ?? buying.live.torrent.name
    this.fileBytes = file.bytes
    this.fileOffset = file.offset
    this.pieceBytes = buying.live.torrent.pieceBytes
    this.#farthest = Math.floor(file.offset / this.pieceBytes)
    this.#fetch()
  }

  has(index: number): boolean {
    if (this.#cache.has(index)) return true
    return this.#buying.live.has(index) && this.#buying.shelf.isKeyed(index)
  }

  async piece(index: number, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted()
    const cached = this.#cache.get(index)
    if (cached) return cached
    if (this.has(index)) return this.#unseal(index)
    if (this.#closed) throw this.#closed
    return this.#wait(index, signal)
  }

  hurry(index: number): void {
    if (this.#hurried.has(index) || !this.#demands.has(index)) return
    this.#hurried.add(index)
    this.#fetch()
    this.#buying.wake()
  }

  /** What the shop should buy now: what a reader waits for first, then the rest in the order of the asks. */
  wants(): Wants {
    const asked = [...this.#demands.keys()]
    const urgent = asked.filter((piece) => this.#hurried.has(piece))
    const others = asked.filter((piece) => !this.#hurried.has(piece))
    return { pieces: [...urgent, ...others], urgent: urgent.length, isSettled: false }
  }

  /** A piece was opened. */
  give(piece: number, plaintext: Uint8Array): void {
    this.#keep(piece, plaintext)
    this.#hurried.delete(piece)
    this.#demands.get(piece)?.resolve(plaintext)
    this.#demands.delete(piece)
  }

  /** Nothing more comes: whoever waits is told, and whoever asks for what is not here. */
  close(reason: Error): void {
    this.#closed ??= reason
    for (const { reject } of this.#demands.values()) reject(reason)
    this.#demands.clear()
    this.#hurried.clear()
  }

  #wait(index: number, signal: AbortSignal): Promise<Uint8Array> {
    const demand = this.#demands.get(index) ?? this.#demand(index)
    demand.users += 1
    const leave = Promise.withResolvers<never>()
    const aborted = (): void => {
      demand.users -= 1
      // Another demand may have taken the place of one that was answered.
      if (demand.users === 0 && this.#demands.get(index) === demand) this.#forget(index)
      leave.reject(signal.reason)
    }
    signal.addEventListener('abort', aborted, { once: true })
    return Promise.race([demand.promise, leave.promise]).finally(() =>
      signal.removeEventListener('abort', aborted),
    )
  }

  #demand(index: number): Demand {
    const demand = { ...Promise.withResolvers<Uint8Array>(), users: 0 }
    // Everybody may have left when it is rejected.
    demand.promise.catch(() => undefined)
    this.#demands.set(index, demand)
    this.#farthest = index
    this.#fetch()
    this.#buying.wake()
    return demand
  }

  #forget(index: number): void {
    this.#demands.delete(index)
    this.#hurried.delete(index)
    this.#fetch()
  }

  /** Asks the swarm for what is wanted, and for some ciphertext from there on. */
  #fetch(): void {
    const { live } = this.#buying
    const last = Math.floor((this.fileOffset + this.fileBytes - 1) / this.pieceBytes)
    const ahead = Math.max(2, Math.floor(AHEAD_BYTES / this.pieceBytes))
    const end = Math.min(last, this.#farthest + ahead)
    const behind = Array.from(
      { length: Math.max(0, end - this.#farthest + 1) },
      (_, i) => this.#farthest + i,
    )
    live.want([...new Set([...this.wants().pieces, ...behind])].filter((piece) => !live.has(piece)))
  }

  async #unseal(index: number): Promise<Uint8Array> {
    const { live, shelf, book } = this.#buying
    const key = shelf.leafKey(index)
    if (!key) throw new RangeError(`piece ${index} has no key`)
    const span = leafOf(live.torrent.pieces, index)
    const record = book.get(span)
    const ciphertext = await live.read(index)
    const plaintext = record
      ? openPiece(record.pt, { span, key }, ciphertext)
      : unsealPiece(key, ciphertext)
    this.#keep(index, plaintext)
    return plaintext
  }

  #keep(piece: number, plaintext: Uint8Array): void {
    this.#cache.delete(piece)
    this.#cache.set(piece, plaintext)
    let left = Math.max(4, Math.floor(CACHE_BYTES / this.pieceBytes))
    for (const old of [...this.#cache.keys()].reverse()) if (left-- <= 0) this.#cache.delete(old)
  }
}
