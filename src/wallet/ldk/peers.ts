/**
 * A node's peers over TCP: who is connected, and who is to be connected again.
 * @module
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import {
  Option_SocketAddressZ,
  type PeerManager,
  Result_CVec_u8ZPeerHandleErrorZ_OK,
} from 'lightningdevkit'
import { equal, toHex } from '../../core/bytes.ts'
import { LntError } from '../../core/errors.ts'
import { Link } from './link.ts'
import type { Outbox } from './outbox.ts'
import { unwrap } from './result.ts'

/** First wait before a peer is called again; doubles up to the longest. */
const RETRY_MS = 100
const RETRY_MAX_MS = 5_000

/** What peers need of their node. */
export interface PeersPorts {
  readonly manager: PeerManager
  readonly outbox: Outbox
  /** Asks for a turn of the node. */
  readonly kick: () => void
}

/** A peer that is called again whenever it is gone. */
interface Kept {
  readonly nodeId: Uint8Array
  host: string
  port: number
  waitMs: number
  timer?: NodeJS.Timeout
}

/** The connections of one node. */
export class Peers {
  readonly #ports: PeersPorts
  readonly #links = new Set<Link>()
  readonly #kept = new Map<string, Kept>()
  #server: Server | undefined
  #closed = false

  constructor(ports: PeersPorts) {
    this.#ports = ports
  }

  /**
   * Listens for peers.
   * @param port - 0 for any
   * @returns the port
   * @throws LntError `PORT_IN_USE`
   */
  async listen(host: string, port: number): Promise<number> {
    const server = createServer((socket) => this.#accept(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    }).catch((cause: unknown) => {
      throw new LntError({ code: 'PORT_IN_USE', port }, { cause })
    })
    this.#server = server
    const address = server.address()
    return typeof address === 'object' && address ? address.port : port
  }

  /**
   * Connects to a peer and keeps calling it whenever the connection is gone. Returns at once.
   * Told again, it remembers where the peer is now.
   */
  connect(nodeId: Uint8Array, host: string, port: number): void {
    const name = toHex(nodeId)
    const known = this.#kept.get(name)
    if (known) {
      Object.assign(known, { host, port, waitMs: RETRY_MS })
      return
    }
    const kept: Kept = { nodeId: Uint8Array.from(nodeId), host, port, waitMs: RETRY_MS }
    this.#kept.set(name, kept)
    this.#call(kept)
  }

  /** Whether the peer has said hello and answers. */
  isConnected(nodeId: Uint8Array): boolean {
    return this.#ports.manager
      .list_peers()
      .some((peer) => equal(peer.get_counterparty_node_id(), nodeId))
  }

  /** Hands the bytes that have come in to LDK: only from the node's turn, never from inside LDK. */
  deliver(): void {
    for (const link of this.#links) link.deliver()
    for (const kept of this.#kept.values())
      if (kept.waitMs > RETRY_MS && this.isConnected(kept.nodeId)) kept.waitMs = RETRY_MS
  }

  /** Hangs up on everybody, at once. */
  close(): void {
    this.#closed = true
    this.#server?.close()
    for (const { timer } of this.#kept.values()) clearTimeout(timer)
    for (const link of this.#links) link.destroy()
  }

  #accept(socket: Socket): void {
    const link = this.#link(socket)
    const none = Option_SocketAddressZ.constructor_none()
    const accepted = this.#ports.manager.new_inbound_connection(link.descriptor, none)
    if (!accepted.is_ok()) link.destroy()
    this.#ports.kick()
  }

  #call(kept: Kept): void {
    const socket = connect({ host: kept.host, port: kept.port })
    socket.once('connect', () => this.#greet(socket, kept))
    socket.once('close', () => this.#callAgain(kept))
    // The close that follows says all there is to say.
    socket.on('error', () => {})
  }

  #greet(socket: Socket, { nodeId }: Kept): void {
    const link = this.#link(socket)
    const first = unwrap(
      'new_outbound_connection',
      this.#ports.manager.new_outbound_connection(
        nodeId,
        link.descriptor,
        Option_SocketAddressZ.constructor_none(),
      ),
      Result_CVec_u8ZPeerHandleErrorZ_OK,
    )
    link.send(first)
    this.#ports.kick()
  }

  #callAgain(kept: Kept): void {
    if (this.#closed) return
    kept.timer = setTimeout(() => this.#call(kept), kept.waitMs)
    kept.waitMs = Math.min(2 * kept.waitMs, RETRY_MAX_MS)
  }

  #link(socket: Socket): Link {
    const link = new Link(socket, this.#ports)
    this.#links.add(link)
    socket.once('close', () => {
      this.#links.delete(link)
      link.hangUp()
      this.#ports.kick()
    })
    if (this.#closed) link.destroy()
    return link
  }
}
