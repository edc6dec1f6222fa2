/**
 * How many of our own trade messages wait for a peer that does not read.
 * bittorrent-protocol queues without end and tells nobody.
 * @module
 */

/** Counts the trade messages of one connection that have not left yet. */
export class Outbox {
  readonly #queuedBytes: () => number
  /** Our messages and where in the stream of the wire each ended, oldest first. */
  readonly #sent: { readonly bytes: number; readonly endsAt: number }[] = []
  /** Bytes put into the wire: pieces and trade. The rest is too little to matter, and only delays. */
  #pushedBytes = 0
  #waitingBytes = 0

  /** @param queuedBytes - all that waits in this process to leave on the wire, pieces included */
  constructor(queuedBytes: () => number) {
    this.#queuedBytes = queuedBytes
  }

  /** Notes bytes of pieces that were put into the wire: they may wait before and behind ours. */
  uploaded(bytes: number): void {
    this.#pushedBytes += bytes
  }

  /** Notes a trade message that was just put into the wire. */
  sent(bytes: number): void {
    this.#pushedBytes += bytes
    this.#waitingBytes += bytes
    this.#sent.push({ bytes, endsAt: this.#pushedBytes })
  }

  /** Bytes of trade messages that still wait. */
  waitingBytes(): number {
    const leftBytes = this.#pushedBytes - this.#queuedBytes()
    for (let first = this.#sent[0]; first && first.endsAt <= leftBytes; first = this.#sent[0]) {
      this.#waitingBytes -= first.bytes
      this.#sent.shift()
    }
    return this.#waitingBytes
  }
}
