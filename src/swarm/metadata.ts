/**
 * ut_metadata (BEP 9), both ways, in place of the stock extension: that one decodes what a peer sent
 * before it checks any hash. One peer's metadata is never mixed with another's, so a liar is known.
 * @module
 */

import { createHash } from 'node:crypto'
import type Wire from 'bittorrent-protocol'
import { concat, equal } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import { dropWire } from './guard.ts'
import { readPeerDict } from './peer-bencode.ts'
import { announceAgain, queuedBytes } from './seams.ts'

/** Longest info dict accepted, bytes: 2^18 pieces are 5.2 MB of hashes, the rest is names. */
export const MAX_METADATA_BYTES = 10_000_000
/** BEP 9: metadata goes in pieces of 16 KiB. */
export const METADATA_PIECE_BYTES = 16_384
/** Most peers asked at once: bounds memory to that many times {@link MAX_METADATA_BYTES}. */
const MAX_FETCHING = 4
/** Requests open with one peer. */
const WINDOW = 8
/** A peer that sent nothing for so long gives its turn to another, ms. */
export const METADATA_STALL_MS = 5_000
/** How often a peer may read our metadata from end to end on one connection. */
const MAX_COPIES = 4
/** How often a peer may announce metadata and then not give it. */
const MAX_REJECTS = 16
/** No answer is queued for a peer that has more than this to read already, bytes. */
const MAX_QUEUED_ANSWER_BYTES = 1_000_000

/** The metadata of one torrent: wanted, or held and served. */
export class MetadataExchange {
  /** The info dict, once known and checked. */
  infoBytes: Uint8Array | undefined
  readonly #infoHash: Uint8Array
  readonly #infoSha256: Uint8Array
  readonly #onInfo: (infoBytes: Uint8Array) => void
  readonly #ends = new Set<MetadataEnd>()

  /**
   * @param want - SHA-1 (20 bytes) and SHA-256 (32 bytes) of the info dict; both must fit
   * @param onInfo - called once, when a peer's metadata fits
   */
  constructor(
    want: { readonly infoHash: Uint8Array; readonly infoSha256: Uint8Array },
    onInfo: (infoBytes: Uint8Array) => void,
  ) {
    this.#infoHash = want.infoHash
    this.#infoSha256 = want.infoSha256
    this.#onInfo = onInfo
  }

  /** Puts the exchange on a wire; before the extended handshake is sent. */
  attach(wire: Wire): void {
    wire.use(
      extensionOf(wire, this, (end) => {
        this.#ends.add(end)
        wire.once('close', () => end.close())
      }),
    )
  }

  /** Serves `infoBytes` from now on, and tells peers that were told otherwise (the flash crowd). */
  serve(infoBytes: Uint8Array): void {
    if (this.infoBytes) return
    this.infoBytes = infoBytes
    for (const end of this.#ends) end.announce(infoBytes.length)
  }

  /** A peer's metadata is whole. Returns whether it is ours; a liar is dropped by its end. */
  offered(bytes: Uint8Array): boolean {
    if (this.infoBytes) return true
    const fits =
      equal(createHash('sha256').update(bytes).digest(), this.#infoSha256) &&
      equal(createHash('sha1').update(bytes).digest(), this.#infoHash)
    if (fits) {
      this.serve(bytes)
      this.#onInfo(bytes)
    }
    return fits
  }

  /** Lets as many peers fetch as may. */
  next(): void {
    if (this.infoBytes) return
    let fetching = [...this.#ends].filter((end) => end.fetching).length
    for (const end of this.#ends) if (fetching < MAX_FETCHING && end.start()) fetching += 1
  }

  /** Forgets an end that is gone. */
  gone(end: MetadataEnd): void {
    this.#ends.delete(end)
    this.next()
  }
}

/** One wire's end of the exchange. */
class MetadataEnd {
  fetching = false
  readonly #wire: Wire
  readonly #exchange: MetadataExchange
  #size = 0
  #got = new Map<number, Uint8Array>()
  #asked = 0
  #served = 0
  #rejects = 0
  #stalled = false
  #timer: NodeJS.Timeout | undefined

  constructor(wire: Wire, exchange: MetadataExchange) {
    this.#wire = wire
    this.#exchange = exchange
    if (exchange.infoBytes) wire.extendedHandshake['metadata_size'] = exchange.infoBytes.length
  }

  /** The peer's extended handshake, decoded by stock code after guard.ts saw its bytes. */
  onExtendedHandshake(handshake: Record<string, unknown>): void {
    const size = handshake['metadata_size']
    if (size === undefined || size === 0) return
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) {
      this.#drop('metadata_size')
      return
    }
    if (this.#exchange.infoBytes || this.fetching) return
    // Not a lie that we can prove, but nothing that we fetch.
    if (size > MAX_METADATA_BYTES) return
    this.#size = size
    this.#stalled = false
    this.#exchange.next()
  }

  onMessage(bytes: Uint8Array): void {
    try {
      this.#received(bytes)
    } catch (cause) {
      this.#drop('ut_metadata', cause)
    }
  }

  /** Stock code calls it once it is ready; ours has what it needs from the exchange. */
  setMetadata(): void {}

  /** Begins to fetch if this peer has something to fetch. */
  start(): boolean {
    if (this.fetching || this.#size === 0 || this.#stalled || this.#wire.destroyed) return false
    this.fetching = true
    this.#asked = 0
    this.#got.clear()
    this.#ask()
    return true
  }

  announce(bytes: number): void {
    this.#stop()
    this.#wire.extendedHandshake['metadata_size'] = bytes
    announceAgain(this.#wire)
  }

  close(): void {
    this.#stop()
    this.#exchange.gone(this)
  }

  #stop(): void {
    this.fetching = false
    this.#got.clear()
    clearTimeout(this.#timer)
  }

  get #pieces(): number {
    return Math.ceil(this.#size / METADATA_PIECE_BYTES)
  }

  #ask(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#stall(), METADATA_STALL_MS)
    this.#timer.unref()
    while (this.#asked < this.#pieces && this.#asked < this.#got.size + WINDOW)
      this.#send(`d8:msg_typei0e5:piecei${this.#asked++}ee`)
  }

  #stall(): void {
    this.#stop()
    this.#stalled = true
    this.#exchange.next()
    // A peer that only was slow gets another turn when nobody else had anything.
    this.#stalled = false
    this.#exchange.next()
  }

  #received(bytes: Uint8Array): void {
    const { dict, end } = readPeerDict(bytes)
    const piece = dict.get('piece')
    if (typeof piece !== 'number' || piece < 0) throw new RangeError('piece')
    const type = dict.get('msg_type')
    if (type !== 1 && end !== bytes.length) throw new RangeError('bytes after the end')
    if (type === 0) this.#asks(piece)
    else if (type === 1) this.#data(piece, bytes.subarray(end))
    else if (type === 2 && this.fetching) this.#rejected()
  }

  #asks(piece: number): void {
    const info = this.#exchange.infoBytes
    const count = Math.ceil((info?.length ?? 0) / METADATA_PIECE_BYTES)
    if (info && piece >= count) throw new RangeError('piece')
    const tooMuch = this.#served >= MAX_COPIES * count
    if (!info || tooMuch || queuedBytes(this.#wire) > MAX_QUEUED_ANSWER_BYTES) {
      this.#send(`d8:msg_typei2e5:piecei${piece}ee`)
      return
    }
    this.#served += 1
    const from = piece * METADATA_PIECE_BYTES
    const data = info.subarray(from, from + METADATA_PIECE_BYTES)
    this.#send(`d8:msg_typei1e5:piecei${piece}e10:total_sizei${info.length}ee`, data)
  }

  #data(piece: number, data: Uint8Array): void {
    if (!this.fetching) return
    if (piece >= this.#asked || this.#got.has(piece)) throw new RangeError('piece never asked for')
    const left = this.#size - piece * METADATA_PIECE_BYTES
    if (data.length !== Math.min(METADATA_PIECE_BYTES, left)) throw new RangeError('piece length')
    // A copy: the bytes lie in a network buffer several times as long.
    this.#got.set(piece, data.slice())
    if (this.#got.size < this.#pieces) {
      this.#ask()
      return
    }
    const whole = concat(...Array.from({ length: this.#pieces }, (_, i) => this.#part(i)))
    this.#stop()
    if (!this.#exchange.offered(whole)) this.#drop('metadata does not match the magnet')
  }

  #part(piece: number): Uint8Array {
    return this.#got.get(piece) ?? new Uint8Array(0)
  }

  #rejected(): void {
    this.#stop()
    this.#size = 0
    this.#rejects += 1
    if (this.#rejects > MAX_REJECTS) this.#drop('metadata rejected again and again')
    else this.#exchange.next()
  }

  #send(header: string, data: Uint8Array = new Uint8Array(0)): void {
    // A peer may ask without ever having said under which number it listens.
    if (!this.#wire.peerExtendedMapping['ut_metadata']) return
    this.#wire.extended('ut_metadata', concat(new TextEncoder().encode(header), data))
  }

  #drop(why: string, cause?: unknown): void {
    dropWire(this.#wire, new LntError({ code: 'BAD_MESSAGE', why }, { cause }))
  }
}

/** The class that `wire.use` wants, for this one wire. */
function extensionOf(
  wire: Wire,
  exchange: MetadataExchange,
  made: (end: MetadataEnd) => void,
): new () => MetadataEnd {
  class Extension extends MetadataEnd {
    constructor() {
      super(wire, exchange)
      made(this)
    }
  }
  // bittorrent-protocol wants the name on the prototype.
  Object.assign(Extension.prototype, { name: 'ut_metadata' })
  return Extension
}
