/**
 * Wires for the extension's tests: two of bittorrent-protocol piped in memory, and one that is only a note pad.
 * @module
 */
import { once } from 'node:events'
import {
  lntTrade,
  type TradeExtension,
  type TradeOptions,
  type TradeWire,
} from '../../extensions/lnt-trade/extension.ts'
import type { Message } from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import type { LntError } from '../../src/core/errors.ts'

/** Waits in turns of the event loop until something holds; fails after many turns. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    if (turn > 10_000) throw new Error(`never: ${holds.toString()}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A wire that sends nowhere. */
export class FakeWire implements TradeWire {
  readonly extendedHandshake: Record<string, unknown> = {}
  queuedBytes = 0
  destroyed = false
  refuses = false
  readonly #listeners: (() => void)[] = []
  readonly #uploads: ((bytes: number) => void)[] = []

  extended(_name: string, bytes: Uint8Array): void {
    if (this.refuses) throw new Error('Unrecognized extension')
    this.queuedBytes += bytes.length
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    for (const listener of this.#listeners) listener()
  }

  once(_event: string, listener: () => void): void {
    this.#listeners.push(listener)
  }

  on(_event: 'upload', listener: (bytes: number) => void): void {
    this.#uploads.push(listener)
  }

  /** As if pieces were served. */
  upload(bytes: number): void {
    this.queuedBytes += bytes
    for (const listener of this.#uploads) listener(bytes)
  }
}

/** One end of a connection, and all that its handler was told. */
export class Side {
  nowMs = 0
  peer: TradePeer | undefined
  opened = 0
  closed = 0
  throwIn: 'opened' | 'received' | 'closed' | undefined
  onReceived: (peer: TradePeer) => void = () => {}
  readonly received: Message[] = []
  readonly dropped: LntError[] = []
  readonly Extension: new (
    wire: TradeWire,
  ) => TradeExtension
  wire: TradeWire
  readonly fake: FakeWire = new FakeWire()
  extension: TradeExtension = { onExtendedHandshake: () => {}, onMessage: () => {} }

  constructor(name: string) {
    this.wire = this.fake
    this.Extension = lntTrade(this.#options(name))
  }

  /** On a wire that sends nowhere. */
  static alone(): Side {
    const side = new Side('alone')
    side.extension = new side.Extension(side.fake)
    return side
  }

  /** The same, the handshake done. */
  static open(): Side {
    const side = Side.alone()
    const lnt = { v: 1, net: new TextEncoder().encode('regtest'), pk: new Uint8Array(32).fill(9) }
    side.extension.onExtendedHandshake({ lnt })
    return side
  }

  #options(name: string): TradeOptions<TradeWire> {
    return {
      net: 'regtest',
      label: () => `label of ${name}`,
      address: () => `address of ${name}`,
      queuedBytes: () => this.fake.queuedBytes,
      nowMs: () => this.nowMs,
      dropped: (_wire, why) => this.dropped.push(why),
      handler: {
        opened: (peer) => {
          this.opened += 1
          this.peer = peer
          this.#throw('opened')
        },
        received: (peer, message) => {
          this.received.push(message)
          this.#throw('received')
          this.onReceived(peer)
        },
        closed: () => {
          this.closed += 1
          this.#throw('closed')
        },
      },
    }
  }

  #throw(call: 'opened' | 'received' | 'closed'): void {
    if (this.throwIn === call) throw new Error(`thrown in ${call}`)
  }
}

interface RealWire extends TradeWire {
  use(Extension: unknown): void
  handshake(infoHash: Uint8Array, peerId: Uint8Array): void
  once(event: string, listener: () => void): this
  pipe(other: RealWire): RealWire
}

/** Two bittorrent-protocol wires, piped into each other, the extension on both. */
export async function connect(): Promise<{
  readonly a: Side
  readonly b: Side
  readonly close: () => Promise<void>
}> {
  // By a variable: the package has no types, and the room that declares some is not ours to import.
  const name = 'bittorrent-protocol'
  const { default: Wire } = (await import(name)) as { default: new (type: string) => RealWire }
  const [one, two] = [new Wire('tcpOutgoing'), new Wire('tcpIncoming')]
  one.pipe(two).pipe(one)
  const a = new Side('a')
  const b = new Side('b')
  for (const [side, wire] of [
    [a, one],
    [b, two],
  ] as const) {
    side.wire = wire
    wire.use(side.Extension)
  }
  const infoHash = new Uint8Array(20).fill(1)
  two.once('handshake', () => two.handshake(infoHash, new Uint8Array(20).fill(3)))
  one.handshake(infoHash, new Uint8Array(20).fill(2))
  const close = async () => {
    const ended = Promise.all([one, two].map((wire) => once(wire as never, 'close')))
    one.destroy()
    await ended
  }
  return { a, b, close }
}
