/**
 * `lnt_trade` on one wire (BEP 10): the handshake, strict messages in, bounded messages out.
 * A fault of the peer drops it; no exception leaves here, for bittorrent-protocol would end the process.
 * @module
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { equal } from '../../src/core/bytes.ts'
import { LntError } from '../../src/core/errors.ts'
import type { Network } from '../../src/core/network.ts'
import { decode, encode } from './codec.ts'
import { type Entry, fits, ourEntry, readEntry, same } from './handshake.ts'
import { HASH_BYTES, MAX_MESSAGE_BYTES, MAX_WAITING_BYTES } from './limits.ts'
import type { Message } from './message.ts'
import { Outbox } from './outbox.ts'
import type { TradeHandler, TradePeer } from './peer.ts'
import { Quota } from './quota.ts'

/** Name of the extension in the handshake's `m`. */
export const EXTENSION_NAME = 'lnt_trade'

/** What we use of a bittorrent-protocol wire. */
export interface TradeWire {
  readonly extendedHandshake: Record<string, unknown>
  readonly destroyed: boolean
  extended(name: string, bytes: Uint8Array): void
  destroy(): unknown
  once(event: 'close' | 'end' | 'finish', listener: () => void): unknown
  /** Bytes of piece data that were put into the wire. */
  on(event: 'upload', listener: (bytes: number) => void): unknown
}

/** What the extension needs from those who own the wires. */
export interface TradeOptions<W extends TradeWire> {
  /** The one network that our wallet is on. */
  readonly net: Network
  readonly handler: TradeHandler
  /** See {@link TradePeer.label}. */
  readonly label: (wire: W) => string
  /** See {@link TradePeer.address}. */
  readonly address: (wire: W) => string
  /** Bytes that wait in this process to leave on a wire: a peer that does not read is dropped. */
  readonly queuedBytes: (wire: W) => number
  readonly nowMs: () => number
  /** Told of every peer that we drop, with the reason: for the log and for bans. */
  readonly dropped?: (wire: W, why: LntError) => void
}

/** One connection's end of the extension, as `wire.use` drives it. */
export interface TradeExtension {
  onExtendedHandshake(handshake: unknown): void
  onMessage(bytes: Uint8Array): void
}

let connections = 0

/** The class for `wire.use`. Each wire gets a fresh key pair and its own limits. */
export function lntTrade<W extends TradeWire>(
  options: TradeOptions<W>,
): new (
  wire: W,
) => TradeExtension {
  class LntTrade extends Connection<W> {
    constructor(wire: W) {
      super(options, wire)
    }
  }
  // bittorrent-protocol reads the name from the prototype, where a class field would not be.
  Object.defineProperty(LntTrade.prototype, 'name', { value: EXTENSION_NAME })
  return LntTrade
}

class Connection<W extends TradeWire> implements TradeExtension, TradePeer {
  readonly id: string
  readonly ourSecretKey: Uint8Array
  readonly ourPublicKey: Uint8Array
  /** These three are known from `opened` on, which is when the handler first sees us. */
  theirKey: Uint8Array = new Uint8Array(HASH_BYTES)
  address = ''
  label = ''
  readonly #options: TradeOptions<W>
  readonly #wire: W
  readonly #outbox: Outbox
  readonly #quota: Quota
  /** The peer's first entry, whether it fits or not. */
  #entry: Entry | undefined
  /** The Lightning node of its first terms. */
  #node: Uint8Array | undefined
  #state: 'plain' | 'open' | 'over' = 'plain'

  constructor(options: TradeOptions<W>, wire: W) {
    const { secretKey, publicKey } = x25519.keygen()
    connections += 1
    this.id = `${EXTENSION_NAME}-${connections}`
    this.ourSecretKey = secretKey
    this.ourPublicKey = publicKey
    this.#options = options
    this.#wire = wire
    this.#outbox = new Outbox(() => options.queuedBytes(wire))
    this.#quota = new Quota(options.nowMs())
    wire.extendedHandshake['lnt'] = ourEntry(options.net, publicKey)
    wire.on('upload', (bytes) => this.#outbox.uploaded(bytes))
    for (const event of ['close', 'end', 'finish'] as const) wire.once(event, () => this.#end())
  }

  onExtendedHandshake(handshake: unknown): void {
    this.#guard(() => {
      const entry = readEntry(handshake)
      // BEP 10: a later handshake may carry only what is new.
      if (entry === undefined) return
      if (this.#entry !== undefined) {
        if (!same(entry, this.#entry)) throw bad('a second handshake with another lnt entry')
        return
      }
      this.#entry = entry
      if (fits(entry, this.#options.net)) this.#open(entry.key)
    })
  }

  onMessage(bytes: Uint8Array): void {
    this.#guard(() => {
      if (this.#state !== 'open') return
      if (bytes.length > MAX_MESSAGE_BYTES) throw bad('a message over 64 KiB')
      // A copy: the bytes are a view of the wire's larger buffer, which they would keep alive.
      const message = decode(Uint8Array.from(bytes))
      if (message === undefined) return
      this.#quota.count(message.type, this.#options.nowMs())
      if (message.type === 'terms') this.#sameNode(message.node)
      this.#options.handler.received(this, message)
    })
  }

  send(message: Message): void {
    if (this.#state !== 'open' || this.#wire.destroyed) return
    const bytes = encode(message)
    try {
      this.#wire.extended(EXTENSION_NAME, bytes)
    } catch (cause) {
      this.drop(bad('it takes no trade messages any more', cause))
      return
    }
    this.#outbox.sent(bytes.length)
    if (this.#outbox.waitingBytes() > MAX_WAITING_BYTES) this.drop(bad('it does not read'))
  }

  drop(why: LntError): void {
    if (this.#state === 'over') return
    this.#end()
    this.#options.dropped?.(this.#wire, why)
    this.#wire.destroy()
  }

  #open(theirKey: Uint8Array): void {
    try {
      // Tried here, before an ask can cost a coupon: a low-order key agrees on nothing (§7).
      x25519.getSharedSecret(this.ourSecretKey, theirKey)
    } catch (cause) {
      throw bad('lnt handshake: pk', cause)
    }
    this.theirKey = theirKey
    this.address = this.#options.address(this.#wire)
    this.label = this.#options.label(this.#wire)
    this.#state = 'open'
    this.#options.handler.opened(this)
  }

  #sameNode(node: Uint8Array): void {
    this.#node ??= node
    if (!equal(node, this.#node)) throw bad('terms with another node')
  }

  #end(): void {
    const wasOpen = this.#state === 'open'
    this.#state = 'over'
    if (!wasOpen) return
    // In a later turn: the handler may be the one who drops, in the middle of its own call.
    queueMicrotask(() => {
      try {
        this.#options.handler.closed(this)
      } catch (err) {
        this.#options.dropped?.(this.#wire, bad('its end could not be handled', err))
      }
    })
  }

  #guard(act: () => void): void {
    try {
      if (this.#state !== 'over') act()
    } catch (err) {
      this.drop(err instanceof LntError ? err : bad('a message that we could not handle', err))
    }
  }
}

function bad(why: string, cause?: unknown): LntError {
  return new LntError({ code: 'BAD_PEER', why }, { cause })
}
