/**
 * A Lightning network in memory: nodes, channels, HTLCs, blocks. It has no clock and throws no dice.
 *
 * Every HTLC is settled by its preimage only, every channel's books are checked at each change.
 * @module
 */
import { toHex } from '../core/bytes.ts'
import { Channel, type ChannelDraft } from './ledger-channel.ts'
import { LedgerNode, type NodeDraft } from './ledger-node.ts'
import type { Transit } from './ledger-transit.ts'

/** Height of a new ledger: high enough that a limit below it is positive. */
const FIRST_HEIGHT = 100

/** The network. Whoever holds it may do everything: mine, cut links, order faults. */
export class Ledger {
  #height = FIRST_HEIGHT
  readonly #nodes = new Map<string, LedgerNode>()
  readonly #channels: Channel[] = []
  /** Payments on their way. */
  readonly #live = new Set<Transit>()

  /** Height of the best block. */
  get height(): number {
    return this.#height
  }

  /** Adds a node. A key can be used once. */
  addNode(draft: NodeDraft): LedgerNode {
    const node = new LedgerNode(draft, {
      height: () => this.#height,
      onStart: (transit) => void this.#live.add(transit),
      onEnd: (transit) => void this.#live.delete(transit),
    })
    const idHex = toHex(node.id)
    if (this.#nodes.has(idHex)) throw new Error('ledger: a node of this key exists')
    this.#nodes.set(idHex, node)
    return node
  }

  /** The node with this id (33 bytes). */
  node(id: Uint8Array): LedgerNode | undefined {
    return this.#nodes.get(toHex(id))
  }

  /** Opens a channel; money comes from nowhere, and stays from then on. */
  openChannel(near: LedgerNode, far: LedgerNode, draft: ChannelDraft): Channel {
    if (near === far) throw new Error('ledger: a channel has two ends')
    const channel = new Channel(near, far, draft)
    this.#channels.push(channel)
    near.channels.push(channel)
    far.channels.push(channel)
    return channel
  }

  /** Mines blocks, one by one: holds near their expiry are failed back, HTLCs past it end on chain. */
  mine(blocks: number): void {
    for (let i = 0; i < blocks; i++) {
      this.#height += 1
      for (const node of this.#nodes.values()) node.holds.onBlock(this.#height)
      for (const transit of this.#live) transit.expire(this.#height)
    }
  }

  /** Cuts or mends the link between the peers of a channel. A closed channel stays closed. */
  setLink(channel: Channel, state: 'up' | 'down'): void {
    if (channel.state === 'closed') return
    channel.state = state
    this.#resume()
  }

  /** Takes a node off the net, or puts it back. Its wallet still answers. */
  setOnline(node: LedgerNode, isOnline: boolean): void {
    node.isOnline = isOnline
    this.#resume()
  }

  /** Closes a channel on chain. */
  closeChannel(channel: Channel): void {
    channel.state = 'closed'
    this.#resume()
  }

  /** Number of payments on their way. */
  get pending(): number {
    return this.#live.size
  }

  /**
   * Counts all money again.
   * @returns what all channels hold together, in msat: what was put into them
   * @throws when any channel does not add up
   */
  audit(): bigint {
    let capacityMsat = 0n
    for (const channel of this.#channels) {
      channel.audit()
      capacityMsat += channel.capacityMsat
    }
    return capacityMsat
  }

  #resume(): void {
    for (const transit of this.#live) transit.retreat()
  }
}
