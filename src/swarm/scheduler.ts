/**
 * Fetches pieces from many wires at once (BEP 3, BEP 6): needs first, short pipelines, slow peers
 * overtaken, liars found. In place of stock webtorrent's scheduler.
 * @module
 */
import type Wire from 'bittorrent-protocol'
import { LntError } from '../core/errors.ts'
import { type ArrivalPorts, Arrivals } from './arrivals.ts'
import { dropWire, forgiveStray } from './guard.ts'
import { Picker, type Rest } from './picker.ts'
import { type Asked, PieceDownload } from './piece-download.ts'
import { inOneWrite } from './seams.ts'
import { BLOCK_BYTES, MAX_REFUSALS, Source } from './source.ts'

/** A source that gives nothing for so long loses its requests to others, ms. */
const SNUB_MS = 3_000
/** The first needs are fetched twice rather than late. */
const URGENT_NEEDS = 4
/** Most peers asked for one block at a time. */
const MAX_ASKERS = 2
/** How often stalls are looked for, ms. */
const TICK_MS = 100
/** Refill once this share of the window is free: fewer, longer bursts of requests. */
const REFILL_SHARE = 0.25

/** What the scheduler needs from its torrent. */
export interface SchedulerPorts extends ArrivalPorts {
  readonly pieces: number
  readonly lengthOf: (piece: number) => number
  readonly has: (piece: number) => boolean
}

/** The scheduler of one torrent. */
export class Scheduler {
  readonly picker: Picker
  readonly #ports: SchedulerPorts
  readonly #sources = new Map<Wire, Source>()
  readonly #downloads = new Map<number, PieceDownload>()
  readonly #arrivals: Arrivals
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  readonly #toFill = new Set<Source>()
  #ticks = 0

  constructor(ports: SchedulerPorts) {
    this.#ports = ports
    this.#arrivals = new Arrivals(ports, {
      right: (piece) => this.picker.done(piece),
      liar: (source, why) => this.#drop(source, why),
      roomier: () => this.#fillAll(),
    })
    const has = (piece: number): boolean => ports.has(piece) || this.#arrivals.isWriting(piece)
    this.picker = new Picker(ports.pieces, has)
  }

  /** Replaces what is wanted; see {@link Picker.want}. Takes effect at once. */
  want(needs: readonly number[], rest: Rest): void {
    this.picker.want(needs, rest)
    for (const download of this.#downloads.values())
      if (!this.picker.wants(download.piece)) this.#abandon(download)
    for (const source of this.#sources.values()) this.#updateInterest(source)
    this.#fillAll()
  }

  /** A wire from which pieces may come; until it closes. */
  attach(wire: Wire): Source {
    const source = new Source(wire, this.#ports.pieces)
    this.#sources.set(wire, source)
    this.picker.heldBy(source, 1)
    const learnt = (): void => {
      this.#updateInterest(source)
      this.#fill(source)
    }
    wire.on('bitfield', () => {
      this.picker.heldBy(source, 1)
      learnt()
    })
    wire.on('have-all', () => {
      this.picker.heldBy(source, 1)
      learnt()
    })
    wire.on('have', (piece: number) => {
      this.picker.held(piece, 1)
      if (!source.isUseful && this.picker.wants(piece)) learnt()
      else if (source.openBytes === 0) this.#fill(source)
    })
    wire.on('unchoke', () => this.#fill(source))
    wire.on('allowed-fast', () => this.#fill(source))
    wire.once('close', () => this.#detach(source))
    learnt()
    return source
  }

  /** Stops; what is whole is still written, requests that are out are forgotten. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#downloads.clear()
    await this.#arrivals.settled()
  }

  #detach(source: Source): void {
    source.isGone = true
    this.#sources.delete(source.wire)
    this.picker.heldBy(source, -1)
    for (const download of this.#downloads.values())
      if (download.only === source) download.only = undefined
    this.#fillAll()
  }

  #updateInterest(source: Source): void {
    const wants = (piece: number): boolean => source.has(piece) && this.picker.wants(piece)
    source.isUseful = wants(source.usefulPiece)
    for (let piece = 0; piece < this.#ports.pieces && !source.isUseful; piece++) {
      source.isUseful = wants(piece)
      source.usefulPiece = piece
    }
    if (source.isUseful) source.wire.interested()
    else source.wire.uninterested()
  }

  #fillAll(): void {
    // The fastest first: what it takes, a slow one need not finish.
    const sources = [...this.#sources.values()].sort((a, b) => b.rateBps - a.rateBps)
    for (const source of sources) this.#fill(source)
  }

  #fill(source: Source): void {
    if (this.#isClosed || source.isGone || !source.isUseful || source.wire.destroyed) return
    const windowBytes = source.windowBytes
    if (source.openBytes > windowBytes * (1 - REFILL_SHARE) && source.openBytes > 0) return
    const nowMs = performance.now()
    inOneWrite(source.wire, () => {
      while (source.openBytes + BLOCK_BYTES <= windowBytes && this.#askNext(source, nowMs));
    })
    this.#tickWhileBusy()
  }

  #askNext(source: Source, nowMs: number): boolean {
    return (
      this.#askNeeds(source, nowMs) || this.#askRest(source, nowMs) || this.#askTwice(source, nowMs)
    )
  }

  #askNeeds(source: Source, nowMs: number): boolean {
    for (const [place, piece] of this.picker.needs.entries()) {
      if (!this.picker.wants(piece) || !source.serves(piece, nowMs)) continue
      const download = this.#downloads.get(piece) ?? this.#begin(piece, place < URGENT_NEEDS)
      if (!download) return false
      if (this.#askMissing(download, source, nowMs)) return true
      if (place < URGENT_NEEDS && this.#askAgain(download, source, nowMs)) return true
    }
    return false
  }

  #askRest(source: Source, nowMs: number): boolean {
    for (const download of this.#downloads.values())
      if (source.serves(download.piece, nowMs) && this.#askMissing(download, source, nowMs))
        return true
    const piece = this.picker.next(
      (next) => !this.#downloads.has(next) && source.serves(next, nowMs),
    )
    const download = piece < 0 ? undefined : this.#begin(piece, false)
    return download !== undefined && this.#askMissing(download, source, nowMs)
  }

  /** Nothing is left that nobody was asked for: what others are slow with. */
  #askTwice(source: Source, nowMs: number): boolean {
    if (this.#sources.size < 2) return false
    for (const download of this.#downloads.values())
      if (source.serves(download.piece, nowMs) && this.#askAgain(download, source, nowMs))
        return true
    return false
  }

  #begin(piece: number, isUrgent: boolean): PieceDownload | undefined {
    const bytes = this.#ports.lengthOf(piece)
    if (!this.#arrivals.reserve(bytes, isUrgent)) return undefined
    const download = new PieceDownload(piece, bytes)
    download.only = this.#arrivals.suspects.trusted(piece, [...this.#sources.values()])
    this.#downloads.set(piece, download)
    return download
  }

  #askMissing(download: PieceDownload, source: Source, nowMs: number): boolean {
    if (download.only && download.only !== source) return false
    const block = download.firstMissing()
    if (block < 0) return false
    this.#ask(download, source, block, nowMs)
    return true
  }

  #askAgain(download: PieceDownload, source: Source, nowMs: number): boolean {
    if (download.only && download.only !== source) return false
    const oldest = download.oldest(source, nowMs - 100, MAX_ASKERS)
    if (!oldest || nowMs - oldest.atMs < oldest.source.patienceMs) return false
    this.#ask(download, source, oldest.block, nowMs)
    return true
  }

  #ask(download: PieceDownload, source: Source, block: number, nowMs: number): void {
    const asked = download.ask(source, block, nowMs)
    const length = download.lengthOf(block)
    source.asked(length, nowMs)
    source.wire.request(download.piece, block * BLOCK_BYTES, length, (_err, bytes) => {
      if (bytes) this.#received(asked, bytes)
      else this.#refused(asked)
    })
  }

  #received(asked: Asked, bytes: Uint8Array): void {
    const { download, source } = asked
    source.gave(bytes.length, asked.atMs, performance.now())
    const late = download.put(asked, bytes)
    if (this.#downloads.get(download.piece) === download) {
      for (const other of late ?? []) this.#cancel(other)
      if (download.isWhole) {
        this.#downloads.delete(download.piece)
        this.#arrivals.take(download)
      }
    }
    this.#fillSoon(source)
  }

  #refused(asked: Asked): void {
    const { download, source } = asked
    source.failed(download.lengthOf(asked.block))
    download.release(asked)
    if (asked.cancelled) return
    if (source.isGone || source.wire.destroyed || source.wire.peerChoking) return
    source.refused(download.piece, performance.now())
    if (source.refusals > MAX_REFUSALS) this.#drop(source, 'refuses whatever is asked')
    else for (const other of this.#sources.values()) this.#fillSoon(other)
  }

  /** Once for all blocks, or refusals, that came in one chunk. */
  #fillSoon(source: Source): void {
    this.#toFill.add(source)
    if (this.#toFill.size > 1) return
    queueMicrotask(() => {
      const sources = [...this.#toFill]
      this.#toFill.clear()
      for (const each of sources) this.#fill(each)
    })
  }

  #cancel(asked: Asked): void {
    asked.cancelled = true
    if (asked.source.isGone || asked.source.wire.destroyed) return
    forgiveStray(asked.source.wire)
    asked.source.wire.cancel(
      asked.download.piece,
      asked.block * BLOCK_BYTES,
      asked.download.lengthOf(asked.block),
    )
  }

  #abandon(download: PieceDownload): void {
    this.#downloads.delete(download.piece)
    this.#arrivals.forget(download.bytes.length)
    for (const asked of download.asked) this.#cancel(asked)
  }

  #drop(source: Source, why: string): void {
    dropWire(source.wire, new LntError({ code: 'BAD_PEER', why }))
  }

  /** Stalls are looked for only while something is under way. */
  #tickWhileBusy(): void {
    if (this.#timer || this.#downloads.size === 0) return
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#timer.unref()
  }

  #tick(): void {
    const nowMs = performance.now()
    for (const source of this.#sources.values()) {
      if (source.openBytes === 0 || nowMs - source.waitingSinceMs < SNUB_MS) continue
      source.isSnubbed = true
      for (const download of this.#downloads.values()) {
        if (download.only === source) download.only = undefined
        for (const asked of download.asked) if (asked.source === source) download.release(asked)
      }
    }
    if (++this.#ticks % 10 === 0 || this.#downloads.size === 0)
      for (const source of this.#sources.values()) this.#updateInterest(source)
    this.#fillAll()
    if (this.#downloads.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
