/**
 * How many of our own trade messages wait for a peer that does not read.
 * bittorrent-protocol queues without end and tells nobody.
 * @module
 */

/** The sending side of one wire, as the transport counts it; pieces and all other messages included. */
export interface Traffic {
  /** Bytes put into the wire since it began. */
  readonly pushedBytes: number
  /** Of those, bytes that still wait in this process. */
  readonly waitingBytes: number
}

/** Counts the trade messages of one connection that have not left yet. */
export class Outbox {
  readonly #traffic: () => Traffic
  /** What we sent and where in the stream of the wire it ended, oldest first. */
  readonly #sent: { readonly bytes: number; readonly endsAt: number }[] = []
  #waitingBytes = 0

  constructor(traffic: () => Traffic) {
    this.#traffic = traffic
  }

  /** Notes a message that was just put into the wire. */
  sent(bytes: number): void {
    this.#sent.push({ bytes, endsAt: this.#traffic().pushedBytes })
    this.#waitingBytes += bytes
  }

  /** Bytes of trade messages that still wait. */
  waitingBytes(): number {
    const { pushedBytes, waitingBytes } = this.#traffic()
    const leftBytes = pushedBytes - waitingBytes
    for (let first = this.#sent[0]; first && first.endsAt <= leftBytes; first = this.#sent[0]) {
      this.#waitingBytes -= first.bytes
      this.#sent.shift()
    }
    return this.#waitingBytes
  }
}
