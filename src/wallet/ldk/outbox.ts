/**
 * What a node wants to tell the world, kept back until the state that made it say so is on disk.
 * @module
 */

/** One thing to do to the outside: write to a socket, hand in a transaction. */
export type Send = () => void

/** Sends in order, none before its commit. */
export class Outbox {
  #waiting: Send[] = []

  /** Keeps a send for the next commit. */
  put(send: Send): void {
    this.#waiting.push(send)
  }

  /** Everything put since the last call: what the commit now beginning lets go when it is durable. */
  take(): readonly Send[] {
    const taken = this.#waiting
    this.#waiting = []
    return taken
  }
}
