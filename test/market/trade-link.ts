/**
 * Two trading peers joined in memory: what one sends the other receives, as bytes, in a later turn.
 * @module
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { decode, encode } from '../../extensions/lnt-trade/codec.ts'
import type { Message } from '../../extensions/lnt-trade/message.ts'
import type { TradeHandler, TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { LntError } from '../../src/core/errors.ts'

let links = 0

/** What a test does to messages on their way; nothing sent on means that it is lost. */
export type Tamper = (message: Message) => readonly Message[]

/** One end: the peer as the handler of that end sees it. */
class End implements TradePeer {
  readonly id: string
  readonly address: string
  readonly label = 'link'
  readonly ourSecretKey: Uint8Array
  readonly ourPublicKey: Uint8Array
  readonly handler: TradeHandler
  theirKey: Uint8Array = new Uint8Array(32)
  other: End | undefined
  tamper: Tamper = (message) => [message]
  isOpen = true
  /** Why this end dropped the other. */
  dropped: LntError | undefined
  /** What this end has sent, before anybody tampered with it. */
  readonly sent: Message[] = []

  constructor(handler: TradeHandler, id: string, address: string) {
    const { secretKey, publicKey } = x25519.keygen()
    this.handler = handler
    this.id = id
    this.address = address
    this.ourSecretKey = secretKey
    this.ourPublicKey = publicKey
  }

  send(message: Message): void {
    if (!this.isOpen) return
    this.sent.push(message)
    for (const sent of this.tamper(message)) {
      const bytes = encode(sent)
      setImmediate(() => this.other?.receive(bytes))
    }
  }

  drop(why: LntError): void {
    if (this.isOpen) this.dropped = why
    this.close()
  }

  receive(bytes: Uint8Array): void {
    if (!this.isOpen) return
    try {
      const message = decode(bytes)
      if (message) this.handler.received(this, message)
    } catch (err) {
      this.drop(
        err instanceof LntError
          ? err
          : new LntError({ code: 'BAD_PEER', why: String(err) }, { cause: err }),
      )
    }
  }

  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    queueMicrotask(() => this.handler.closed(this))
    const { other } = this
    setImmediate(() => other?.close())
  }
}

/** A connection between two handlers. */
export interface Link {
  readonly buyer: End
  readonly seller: End
}

/** Joins a buyer and a seller; both hear of it at once. */
export function link(
  buyer: TradeHandler,
  seller: TradeHandler,
  options: { readonly tamper?: Tamper; readonly address?: string } = {},
): Link {
  links += 1
  const address = options.address ?? `address ${links}`
  const ends = {
    buyer: new End(buyer, `buyer end ${links}`, address),
    seller: new End(seller, `seller end ${links}`, address),
  }
  ends.buyer.other = ends.seller
  ends.seller.other = ends.buyer
  ends.buyer.theirKey = ends.seller.ourPublicKey
  ends.seller.theirKey = ends.buyer.ourPublicKey
  if (options.tamper) ends.seller.tamper = options.tamper
  buyer.opened(ends.buyer)
  seller.opened(ends.seller)
  return ends
}
