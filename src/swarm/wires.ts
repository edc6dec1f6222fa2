/**
 * The wires of one torrent, from before its metadata is known: metadata and trade on each of them.
 * @module
 */
import type Wire from 'bittorrent-protocol'
import type WebTorrent from 'webtorrent'
import type { Torrent } from 'webtorrent'
import { lntTrade } from '../../extensions/lnt-trade/extension.ts'
import type { TradeHandler } from '../../extensions/lnt-trade/peer.ts'
import { toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Network } from '../core/network.ts'
import type { Bans } from './bans.ts'
import { dropWire, MAX_PEER_REQUESTS } from './guard.ts'
import { MetadataExchange } from './metadata.ts'
import {
  alternateEncryption,
  neverDialAgain,
  queuedBytes,
  replayHandshake,
  setNoDelay,
  storeSeam,
  type TorrentOverrides,
  takeOver,
} from './seams.ts'
import { bucketOf, labelOf } from './wire-address.ts'

/** Most peers served at a time; stock code re-decides every 10 s. */
const UPLOAD_SLOTS = 32

/** How to find a torrent and its peers. */
export interface WiresOptions {
  /** 20 bytes. */
  readonly infoHash: Uint8Array
  /** 32 bytes. */
  readonly infoSha256: Uint8Array
  readonly trackers?: readonly string[]
  /** `host:port` each. */
  readonly peers?: readonly string[]
  /** Trades on every wire; without one these are ordinary BitTorrent wires. */
  readonly handler?: TradeHandler | undefined
}

/** What the wires need from their swarm. */
export interface WiresPorts {
  readonly client: WebTorrent
  readonly network: Network
  readonly bans: Bans
  /** A peer was dropped. */
  readonly dropped: (address: string, why: LntError) => void
  /** A torrent ended and its owner does not listen. */
  readonly broke: (err: unknown) => void
  /** Something outside is not as it should be, a tracker for example. */
  readonly warned: (err: unknown) => void
}

/** A torrent's wires. */
export class Wires {
  readonly stock: Torrent
  readonly exchange: MetadataExchange
  /** The info dict, once a peer has given it. */
  readonly info: Promise<Uint8Array>
  /** Rejects when stock code gives the torrent up, or it is closed. */
  readonly broken: Promise<never>
  /** What happens to wires from here on; set before the metadata is handed over. */
  overrides: TorrentOverrides | undefined
  readonly #ports: WiresPorts
  readonly #handler: TradeHandler | undefined
  #break: (err: unknown) => void = () => undefined

  constructor(options: WiresOptions, ports: WiresPorts) {
    this.#ports = ports
    this.#handler = options.handler
    let gotInfo: (infoBytes: Uint8Array) => void = () => undefined
    this.info = new Promise((resolve) => {
      gotInfo = resolve
    })
    this.broken = new Promise((_resolve, reject) => {
      this.#break = reject
    })
    // Whoever waits for it sees the rejection; nobody may be waiting.
    this.broken.catch(() => undefined)
    this.exchange = new MetadataExchange(options, (infoBytes) => gotInfo(infoBytes))
    this.stock = this.#add(options)
  }

  #add({ infoHash, trackers = [], peers = [] }: WiresOptions): Torrent {
    const id = { infoHash: toHex(infoHash), announce: trackers }
    const stock = this.#ports.client.add(id, {
      deselect: true,
      // Pieces never pass through it.
      preloadedStore: storeSeam(),
      storeCacheSlots: 0,
      uploads: UPLOAD_SLOTS,
    })
    takeOver(stock, {
      verify: async (mark) => this.overrides?.verify(mark),
      attach: (wire) => this.overrides?.attach(wire),
      fail: (err) => this.overrides?.fail(err),
    })
    alternateEncryption(stock)
    stock.on('wire', (wire: Wire) => this.#welcome(wire))
    stock.on('warning', (err: unknown) => this.#ports.warned(err))
    stock.on('error', (err: unknown) => {
      this.#break(err)
      this.overrides?.fail(err)
    })
    stock.once('close', () => {
      this.#break(new LntError({ code: 'BAD_INPUT', what: 'the swarm was closed' }))
    })
    stock.once('infoHash', () => {
      for (const peer of peers) stock.addPeer(peer)
    })
    return stock
  }

  #welcome(wire: Wire): void {
    const { bans, dropped } = this.#ports
    setNoDelay(this.stock, wire)
    wire.on('dropped', (why: LntError) => {
      neverDialAgain(this.stock, wire)
      dropped(labelOf(wire), why)
    })
    if (bans.has(wire)) {
      dropWire(wire, new LntError({ code: 'BAD_PEER', why: 'banned' }))
      return
    }
    if (this.#isTwin(wire)) {
      this.#part(wire)
      return
    }
    wire.on('dropped', () => bans.add(wire))
    wire.extendedHandshake['reqq'] = MAX_PEER_REQUESTS / 2
    this.exchange.attach(wire)
    if (this.#handler) wire.use(this.#trade(this.#handler))
    queueMicrotask(() => replayHandshake(wire))
  }

  #trade(handler: TradeHandler): ReturnType<typeof lntTrade<Wire>> {
    return lntTrade<Wire>({
      net: this.#ports.network,
      handler,
      label: labelOf,
      address: bucketOf,
      queuedBytes,
      nowMs: () => performance.now(),
      dropped: (wire, why) => dropWire(wire, why),
    })
  }

  /** A magnet names a peer by each of its addresses: the connections after the first are not kept. */
  #isTwin(wire: Wire): boolean {
    const isOurDial = (other: Wire): boolean => other.type === 'tcpOutgoing'
    return (
      isOurDial(wire) &&
      this.stock.wires.some(
        (other) => other !== wire && isOurDial(other) && other.peerId === wire.peerId,
      )
    )
  }

  /** Ends all wires. Safe to repeat. */
  async close(): Promise<void> {
    if (this.stock.destroyed) return
    await new Promise<void>((resolve) => this.stock.destroy({}, () => resolve()))
  }

  #part(wire: Wire): void {
    neverDialAgain(this.stock, wire)
    wire.destroy()
  }
}
