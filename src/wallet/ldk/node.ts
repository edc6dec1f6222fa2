/**
 * An embedded Lightning node: LDK in WASM, its state in one directory, its chain behind a port.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { LntError } from '../../core/errors.ts'
import type { ChainSource } from '../chain.ts'
import { type Channel, Channels, type OpenRequest } from './channels.ts'
import type { Disk } from './disk.ts'
import { Engine } from './engine.ts'
import type { NodeEvent } from './events.ts'
import { Feed } from './feed.ts'
import { Journal } from './journal.ts'
import { Outbox } from './outbox.ts'
import { Peers } from './peers.ts'
import { MonitorWrites } from './persist.ts'
import { Records } from './records.ts'
import { openSeed } from './seed.ts'
import { Turns } from './turns.ts'
import { loadLdk } from './wasm.ts'

/** Record that says which chain the state belongs to. */
const CHAIN_KEY = 'chain'
/** Records of the channels that could carry HTLCs, by channel id. */
const READY = 'ready/'

/** How long closing waits for HTLCs that are on their way, in ms. */
const REST_MS = 3_000
/** A peer that says nothing for this long has nothing more to say of a sale, in ms. */
const QUIET_MS = 200

/** How a node is opened. */
export interface NodeOptions {
  /** The node's own directory, made if need be. One process at a time: the caller's lock sees to that. */
  readonly directory: string
  readonly chain: ChainSource
  /** Whether a peer (node id, 33 bytes) may open a channel to us. Default: nobody. */
  readonly accepts?: (peer: Uint8Array, capacitySat: bigint) => boolean
  /** What the node takes for forwarding one HTLC. Default: nothing. */
  readonly forwardFeeMsat?: number
  /** Takes LDK's warnings. Default: dropped. */
  readonly log?: (line: string) => void
  /** The node has died: its disk failed, or LDK panicked. Default: thrown, uncaught, so that the process ends. */
  readonly onFailure?: (error: LntError) => void
  /** For tests that crash in it. */
  readonly disk?: Disk
}

/** What a node hands its events to, beside itself (holds, payments). */
export type Listener = (event: NodeEvent) => void

/** A running node. */
export class LdkNode {
  /** Public key, 33 bytes. */
  readonly nodeId: Uint8Array
  /** LDK's objects: only for the files of this room, and only from outside of LDK's callbacks. */
  readonly engine: Engine
  /** Our own records; what is put here is on disk together with what LDK did in the same turn. */
  readonly records: Records
  readonly #turns: Turns
  readonly #peers: Peers
  readonly #channels: Channels
  readonly #feed: Feed
  readonly #journal: Journal
  readonly #outbox: Outbox
  readonly #listeners: Listener[] = []
  #closing: Promise<void> | undefined

  private constructor(options: NodeOptions, journal: Journal, parts: Parts) {
    const { engine, records, feed, writes, outbox } = parts
    this.engine = engine
    this.records = records
    this.nodeId = engine.manager.get_our_node_id()
    this.#journal = journal
    this.#feed = feed
    this.#outbox = outbox
    const kick = (): void => this.#turns.kick()
    this.#peers = new Peers({ manager: engine.peers, outbox, kick })
    this.#channels = new Channels({
      manager: engine.manager,
      until: (holds, timeoutMs) => this.until(holds, timeoutMs),
      kick,
      accepts: options.accepts ?? (() => false),
    })
    this.#turns = new Turns({
      engine,
      peers: this.#peers,
      feed,
      writes,
      records,
      outbox,
      journal,
      onEvent: (event) => this.#handle(event),
      onFailure: (error) => {
        this.#hangUp()
        ;(options.onFailure ?? crash)(error)
      },
    })
  }

  /**
   * Opens the node in a directory, new or as it was left (also by kill -9), and brings it up to the tip.
   * @param listeners - take events from the first one on
   * @throws LntError `WRONG_CHAIN`, `BAD_JOURNAL`, `FILE_SYSTEM`
   */
  static async open(
    options: NodeOptions,
    listeners: (node: LdkNode) => readonly Listener[] = () => [],
  ): Promise<LdkNode> {
    const { directory, chain, disk, forwardFeeMsat = 0, log = () => {} } = options
    await loadLdk()
    const { journal, state } = await Journal.open(directory, disk)
    try {
      const records = new Records(state.records)
      checkChain(records, chain.chainId)
      const writes = new MonitorWrites(state.monitors)
      const outbox = new Outbox()
      let kick = (): void => {}
      const feed = new Feed({ chain, records, outbox, kick: () => kick(), log })
      const seed = await openSeed(directory)
      const broadcast = (transactions: Uint8Array[]): void => {
        for (const transaction of transactions) feed.send(Uint8Array.from(transaction))
      }
      const tip = await chain.tip()
      const engine = new Engine({ seed, state, tip, writes, forwardFeeMsat, broadcast, log })
      feed.resume()
      await feed.start(engine)
      const node = new LdkNode(options, journal, { engine, records, feed, writes, outbox })
      kick = () => node.kick()
      node.#listeners.push(...listeners(node))
      await node.committed()
      return node
    } catch (cause) {
      await journal.close()
      throw cause
    }
  }

  /**
   * Listens for peers.
   * @param port - 0 for any
   * @returns the port
   * @throws LntError `PORT_IN_USE`
   */
  listen(host: string, port: number): Promise<number> {
    return this.#peers.listen(host, port)
  }

  /**
   * Connects to a peer and keeps it connected: called again, with back-off, whenever it is gone. Returns at once.
   * Called again for the same peer it takes the new address.
   */
  connect(nodeId: Uint8Array, host: string, port: number): void {
    this.#peers.connect(nodeId, host, port)
  }

  /** Whether a peer is connected and has said hello. */
  isConnected(nodeId: Uint8Array): boolean {
    return this.#peers.isConnected(nodeId)
  }

  /** Height of the best block that the node has seen. */
  height(): number {
    return this.engine.manager.current_best_block().get_height()
  }

  /** All channels but closed ones. */
  channels(): Channel[] {
    return this.#channels.list()
  }

  /**
   * Opens a channel.
   * @returns once it is usable
   * @throws LntError `WALLET_UNAVAILABLE` when the peer is away or refuses, or its funding is not mined in 60 s
   */
  openChannel(request: OpenRequest): Promise<void> {
    return this.#channels.open(request)
  }

  /**
   * Waits until a condition holds; it is looked at whenever something has happened in the node.
   * @returns whether it held in time
   */
  until(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    return this.#turns.until(holds, timeoutMs)
  }

  /**
   * Whether a channel of ours was force-closed and its money is not all in blocks yet. One that ended before it
   * was ready never carried an HTLC, and its funding may never be mined: it does not count.
   */
  isForceClosing(): boolean {
    const { manager, monitor } = this.engine
    const channels = manager.list_channels()
    const open = new Set(channels.map((channel) => toHex(channel.get_channel_id().get_a())))
    const closed = monitor.list_monitors().map((named) => toHex(named.get_b().get_a()))
    if (!closed.some((id) => !open.has(id) && this.records.get(READY + id) !== undefined))
      return false
    return monitor.get_claimable_balances(channels).length > 0
  }

  /** Does something once what was done until now is on disk. */
  afterCommit(act: () => void): void {
    this.#outbox.put(act)
  }

  /** Asks for a turn: after every call to {@link engine}. */
  kick(): void {
    this.#turns.kick()
  }

  /** Resolves once everything until now is on disk. @throws LntError `WALLET_UNAVAILABLE` */
  committed(): Promise<void> {
    return this.#turns.committed()
  }

  /** Lets HTLCs that are on their way arrive, writes a last commit, hangs up and closes. What is held or in flight stays as it is. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#rest()
    await this.#turns.stop()
    this.#hangUp()
    await this.#journal.close()
  }

  /** Waits for the last round trips of a sale: both sides must have forgotten its HTLC. */
  async #rest(): Promise<void> {
    const isResting = (): boolean => this.#turns.idleMs() >= QUIET_MS && this.#channels.isAtRest()
    const woken = setInterval(() => this.kick(), QUIET_MS / 4)
    await this.until(isResting, REST_MS)
    clearInterval(woken)
  }

  #hangUp(): void {
    this.#peers.close()
    this.#feed.close()
  }

  #handle(event: NodeEvent): void {
    this.#channels.handle(event)
    if (event.type === 'ready') this.records.put(READY + toHex(event.channelId), '')
    for (const listener of this.#listeners) listener(event)
    // Nobody sells here: money that nobody asked for goes back.
    if (event.type === 'claimable' && this.#listeners.length === 0)
      this.engine.manager.fail_htlc_backwards(event.hash)
  }
}

interface Parts {
  readonly engine: Engine
  readonly records: Records
  readonly feed: Feed
  readonly writes: MonitorWrites
  readonly outbox: Outbox
}

function checkChain(records: Records, chain: string): void {
  const wallet = records.get(CHAIN_KEY)
  if (wallet === undefined) records.put(CHAIN_KEY, chain)
  else if (wallet !== chain) throw new LntError({ code: 'WRONG_CHAIN', wallet, chain })
}

/** What a dead node does by default: the process must not go on as if it lived. */
export function crash(error: LntError): void {
  queueMicrotask(() => {
    throw error
  })
}
