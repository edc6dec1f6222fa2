/**
 * A peer without a socket: a test says what it sends, and sees what it was sent.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { x25519 } from '@noble/curves/ed25519.js'
import type { Message, Offer, Reject } from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import type { LntError } from '../../src/core/errors.ts'

let peersMade = 0

/** A peer that keeps what it is sent. */
export class ScriptedPeer implements TradePeer {
  readonly id: string = `peer ${++peersMade}`
  readonly address: string
  readonly label = 'test'
  readonly theirKey: Uint8Array
  readonly ourSecretKey: Uint8Array = new Uint8Array(randomBytes(32))
  readonly ourPublicKey: Uint8Array = x25519.getPublicKey(this.ourSecretKey)
  /** The peer's own secret: what a buyer opens boxes with. */
  readonly secretKey: Uint8Array = new Uint8Array(randomBytes(32))
  readonly sent: Message[] = []
  dropped: LntError | undefined
  readonly #waiting = new Set<() => void>()

  constructor(address: string = `address of ${peersMade}`) {
    this.address = address
    this.theirKey = x25519.getPublicKey(this.secretKey)
  }

  send(message: Message): void {
    this.sent.push(message)
    this.#tell()
  }

  drop(why: LntError): void {
    this.dropped = why
    this.#tell()
  }

  /** The first message for which `is` holds, sent already or still to come. */
  async message<M extends Message>(is: (message: Message) => message is M): Promise<M> {
    for (;;) {
      const found = this.sent.find(is)
      if (found) return found
      if (this.dropped) throw this.dropped
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** The answer to an ask. */
  answer(id: number): Promise<Offer | Reject> {
    return this.message(
      (message): message is Offer | Reject =>
        (message.type === 'offer' || message.type === 'reject') && message.id === id,
    )
  }

  /** Forgets what was sent before. */
  forget(): void {
    this.sent.length = 0
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
