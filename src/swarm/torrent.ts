/**
 * One torrent of a running swarm, as the rest of the house sees it: ciphertext by piece, peers, rates.
 * @module
 */
import type Wire from 'bittorrent-protocol'
import type { Torrent } from 'webtorrent'
import type { SealedTorrent } from '../../torrents/info.ts'
import { pieceLength } from '../core/geometry.ts'
import { setRules } from './guard.ts'
import type { Rest } from './picker.ts'
import { isRight } from './piece-hash.ts'
import type { PieceStore } from './piece-store.ts'
import { ReadCache } from './read-cache.ts'
import { Scheduler } from './scheduler.ts'
import { markVerified } from './seams.ts'
import { serveBlocks } from './uploads.ts'
import { labelOf } from './wire-address.ts'

/** What the read cache keeps in memory, bytes. */
const CACHE_BYTES: number = 16 * 1024 * 1024

/** Where a torrent stands. Rates in bytes/s with protocol overhead, counts in bytes of ciphertext. */
export interface SwarmStats {
  readonly peers: number
  readonly downBps: number
  readonly upBps: number
  readonly downloadedBytes: number
  readonly uploadedBytes: number
  readonly heldPieces: number
}

/** One connected peer. */
export interface SwarmPeer {
  /** `host:port`. */
  readonly address: string
  /** Pieces that it says it has. */
  readonly heldPieces: number
  readonly downBps: number
  readonly upBps: number
  /** Whether it does not serve us now. */
  readonly isChoking: boolean
}

/** What a torrent is made of. */
export interface TorrentParts {
  readonly stock: Torrent
  readonly torrent: SealedTorrent
  readonly store: PieceStore
  /** The torrent ended by itself: a file changed, a disk is full. It is closed already. */
  readonly failed: (err: unknown) => void
}

/** A torrent that is served and fetched. Lives until `close`. */
export class SwarmTorrent {
  readonly torrent: SealedTorrent
  readonly #stock: Torrent
  readonly #store: PieceStore
  readonly #failed: (err: unknown) => void
  readonly #cache: ReadCache
  readonly #scheduler: Scheduler
  readonly #held = new Map<Wire, number>()
  readonly #listeners = new Set<(piece: number) => void>()
  #heldPieces = 0
  #downloadedBytes = 0
  #uploadedBytes = 0
  #closing: Promise<void> | undefined

  constructor({ stock, torrent, store, failed }: TorrentParts) {
    this.torrent = torrent
    this.#stock = stock
    this.#store = store
    this.#failed = failed
    this.#cache = new ReadCache(store, (piece) => this.lengthOf(piece), CACHE_BYTES)
    this.#scheduler = new Scheduler({
      pieces: torrent.pieces,
      lengthOf: (piece) => this.lengthOf(piece),
      has: (piece) => this.has(piece),
      isRight: (piece, bytes) => isRight(torrent, piece, bytes),
      keep: (piece, bytes) => this.#keep(piece, bytes),
      failed: (err) => this.fail(err),
    })
  }

  /** Length of a piece in bytes. */
  lengthOf(piece: number): number {
    return pieceLength(this.torrent.totalBytes, this.torrent.pieceBytes, piece)
  }

  /** Whether the piece's ciphertext is here and verified. */
  has(piece: number): boolean {
    return !this.#stock.destroyed && this.#stock.bitfield.get(piece)
  }

  /**
   * Ciphertext of a piece that is here, or of a part of it.
   * @throws {@link LntError} `FILE_CHANGED`, `FILE_SYSTEM`; the torrent is closed then
   */
  async read(
    piece: number,
    {
      offset = 0,
      length = this.lengthOf(piece) - offset,
    }: { offset?: number; length?: number } = {},
  ): Promise<Uint8Array> {
    if (!this.has(piece)) throw new RangeError(`piece ${piece} is not here`)
    if (offset < 0 || length < 0 || offset + length > this.lengthOf(piece))
      throw new RangeError(`not within piece ${piece}`)
    try {
      return await this.#cache.load(piece, offset, length)
    } catch (err) {
      this.fail(err)
      throw err
    }
  }

  /**
   * Says what to fetch; replaces what was said before. Pieces that are here are skipped.
   * @param needs - what is needed first, in this order
   * @param rest - whether and how everything else is fetched
   */
  want(needs: readonly number[], rest: Rest = 'none'): void {
    this.#scheduler.want(needs, rest)
  }

  /** Calls back for each piece that arrives from now on. Returns how to stop. */
  onVerified(listener: (piece: number) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get stats(): SwarmStats {
    return {
      // Two that dial each other at once have two wires.
      peers: new Set(this.#stock.wires.map(({ peerId }) => peerId)).size,
      downBps: this.#stock.downloadSpeed,
      upBps: this.#stock.uploadSpeed,
      downloadedBytes: this.#downloadedBytes,
      uploadedBytes: this.#uploadedBytes,
      heldPieces: this.#heldPieces,
    }
  }

  /** Connected peers. */
  get peers(): SwarmPeer[] {
    return [...this.#held].map(([wire, heldPieces]) => ({
      address: labelOf(wire),
      heldPieces,
      downBps: wire.downloadSpeed(),
      upBps: wire.uploadSpeed(),
      isChoking: wire.peerChoking,
    }))
  }

  /**
   * Dials a peer.
   * @param address - `host:port`
   * @returns false when it is malformed, or dialled already
   */
  addPeer(address: string): boolean {
    return !this.#stock.destroyed && this.#stock.addPeer(address)
  }

  /** Leaves the swarm, after what has arrived is written. Safe to repeat. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#scheduler.close()
    await new Promise<void>((resolve) => {
      if (this.#stock.destroyed) resolve()
      else this.#stock.destroy({}, () => resolve())
    })
    await this.#store.close()
    this.#cache.clear()
  }

  /** Ends the torrent for a reason of its own. */
  fail(err: unknown): void {
    if (this.#closing) return
    this.close()
      .then(() => this.#failed(err))
      .catch((second: unknown) => this.#failed(new AggregateError([err, second])))
  }

  /** Looks for pieces of an earlier run, two at a time. For swarm.ts. */
  async find(mark: (piece: number) => void, looked: (pieces: number) => void): Promise<void> {
    let next = 0
    let done = 0
    const look = async (): Promise<void> => {
      while (next < this.torrent.pieces && !this.#stock.destroyed) {
        const piece = next++
        if (await this.#store.find(piece)) this.#mark(piece, mark)
        looked(++done)
      }
    }
    await Promise.all([look(), look()])
  }

  /** Takes every piece as held: a publisher's files. For swarm.ts. */
  holdAll(mark: (piece: number) => void): void {
    for (let piece = 0; piece < this.torrent.pieces; piece++) this.#mark(piece, mark)
  }

  #mark(piece: number, mark: (piece: number) => void): void {
    mark(piece)
    this.#heldPieces += 1
  }

  /** A wire of this torrent is ready for pieces. For swarm.ts. */
  attach(wire: Wire): void {
    const { pieces } = this.torrent
    setRules(wire, { pieces, lengthOf: (piece) => this.lengthOf(piece) })
    if (wire.destroyed) return
    const has = (piece: number): boolean => this.has(piece)
    serveBlocks(wire, { cache: this.#cache, has, failed: (err) => this.fail(err) })
    this.#announce(wire)
    this.#follow(wire)
    this.#scheduler.attach(wire)
    wire.on('upload', (bytes: number) => {
      this.#uploadedBytes += bytes
    })
    wire.on('interested', () => wire.unchoke())
    if (wire.peerInterested) wire.unchoke()
  }

  #announce(wire: Wire): void {
    if (wire.hasFast && this.#heldPieces === this.torrent.pieces) wire.haveAll()
    else if (wire.hasFast && this.#heldPieces === 0) wire.haveNone()
    else wire.bitfield(this.#stock.bitfield)
  }

  /** Counts what the peer has. Stock choking wants to know who is a seeder. */
  #follow(wire: Wire): void {
    const count = (held: number): void => {
      this.#held.set(wire, held)
      wire.isSeeder = held === this.torrent.pieces
    }
    const recount = (): void => {
      let held = 0
      for (let piece = 0; piece < this.torrent.pieces; piece++)
        if (wire.peerPieces.get(piece)) held += 1
      count(held)
    }
    wire.on('bitfield', recount)
    wire.on('have-all', recount)
    wire.on('have', () => count((this.#held.get(wire) ?? 0) + 1))
    wire.once('close', () => this.#held.delete(wire))
    recount()
  }

  async #keep(piece: number, bytes: Uint8Array): Promise<void> {
    this.#downloadedBytes += bytes.length
    await this.#store.write(piece, bytes)
    if (this.#stock.destroyed) return
    this.#heldPieces += 1
    this.#cache.put(piece, bytes)
    markVerified(this.#stock, piece, this.#heldPieces === this.torrent.pieces)
    for (const wire of this.#stock.wires) wire.have(piece)
    for (const listener of this.#listeners) listener(piece)
  }
}
