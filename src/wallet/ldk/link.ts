/**
 * One TCP connection as LDK's SocketDescriptor. Bytes in wait for the node's turn, bytes out for its commit.
 * @module
 */
import type { Socket } from 'node:net'
import { type PeerManager, Result_boolPeerHandleErrorZ_OK, SocketDescriptor } from 'lightningdevkit'
import type { Outbox } from './outbox.ts'

/** A peer that lets this much pile up does not read, in bytes. LDK's messages have at most 65,569. */
const MAX_UNSENT_BYTES = 8 * 2 ** 20

/** What a link needs of its node. */
export interface LinkPorts {
  readonly manager: PeerManager
  readonly outbox: Outbox
  readonly kick: () => void
}

let links = 0n

/** One connection. */
export class Link {
  readonly descriptor: SocketDescriptor
  readonly #socket: Socket
  readonly #ports: LinkPorts
  #received: Uint8Array[] = []
  #isKnown = true

  constructor(socket: Socket, ports: LinkPorts) {
    this.#socket = socket
    this.#ports = ports
    links += 1n
    const id = links
    this.descriptor = SocketDescriptor.new_impl({
      send_data: (data, resumeRead) => {
        if (resumeRead) socket.resume()
        this.send(Uint8Array.from(data))
        return data.length
      },
      disconnect_socket: () => {
        // LDK has forgotten the descriptor already. What it said last (an error) is still to go out.
        this.#isKnown = false
        ports.outbox.put(() => socket.end())
      },
      eq: (other) => other.hash() === id,
      hash: () => id,
    })
    // Small messages in lock step: waiting to fill a packet would cost 40 ms each.
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      if (typeof bytes === 'string') return
      this.#received.push(bytes)
      ports.kick()
    })
  }

  /** Sends with the next commit. */
  send(bytes: Uint8Array): void {
    this.#ports.outbox.put(() => {
      if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.#socket.destroy()
      else if (this.#socket.writable) this.#socket.write(bytes)
    })
  }

  /** Hands LDK what has come in. */
  deliver(): void {
    const received = this.#received
    this.#received = []
    for (const bytes of received) {
      if (!this.#isKnown) return
      const read = this.#ports.manager.read_event(this.descriptor, Uint8Array.from(bytes))
      if (!read.is_ok()) {
        // An error means that LDK has forgotten the descriptor.
        this.#isKnown = false
        this.#ports.outbox.put(() => this.#socket.end())
      } else if (read instanceof Result_boolPeerHandleErrorZ_OK && read.res) this.#socket.pause()
    }
  }

  /** The socket has closed: tells LDK, unless it knows. Only from outside LDK. */
  hangUp(): void {
    if (!this.#isKnown) return
    this.#isKnown = false
    this.#ports.manager.socket_disconnected(this.descriptor)
  }

  /** Closes the socket without a word. */
  destroy(): void {
    this.#socket.destroy()
  }
}
