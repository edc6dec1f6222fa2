/**
 * One torrent's counter: passes what trading peers say to whoever serves them, now or once it is there.
 * @module
 */
import type { Message, Terms } from '../../extensions/lnt-trade/message.ts'
import type { TradeHandler, TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { LntError } from '../core/errors.ts'

/** A clerk takes the messages of its types; peers that came before it are introduced when it starts. */
interface Clerk {
  readonly takes: readonly Message['type'][]
  readonly handler: TradeHandler
}

/** Wallets and metadata come later than the first peers: the counter keeps those, and their price sheets. */
export class Counter implements TradeHandler {
  readonly #peers = new Map<TradePeer, Terms | undefined>()
  #clerks: readonly Clerk[] = []
  /** A buyer that has left may still be answered; where there never was one, nobody has asked. */
  #hasBought = false

  /** Trading peers that are connected now. */
  get peers(): readonly TradePeer[] {
    return [...this.#peers.keys()]
  }

  /** A clerk starts work: it meets every peer that is there, with its latest terms. */
  add(clerk: Clerk): void {
    this.#clerks = [...this.#clerks, clerk]
    this.#hasBought ||= clerk.takes.some(isAnswer)
    for (const [peer, terms] of this.#peers) {
      clerk.handler.opened(peer)
      if (terms && clerk.takes.includes('terms')) clerk.handler.received(peer, terms)
    }
  }

  /** A clerk leaves: for it every peer is gone. */
  remove(handler: TradeHandler): void {
    this.#clerks = this.#clerks.filter((clerk) => clerk.handler !== handler)
    for (const peer of this.#peers.keys()) handler.closed(peer)
  }

  opened(peer: TradePeer): void {
    this.#peers.set(peer, undefined)
    for (const { handler } of this.#clerks) handler.opened(peer)
  }

  received(peer: TradePeer, message: Message): void {
    if (isAnswer(message.type) && !this.#hasBought) {
      peer.drop(new LntError({ code: 'BAD_PEER', why: `${message.type} to nothing asked` }))
      return
    }
    if (message.type === 'terms') this.#peers.set(peer, message)
    for (const { takes, handler } of this.#clerks)
      if (takes.includes(message.type)) handler.received(peer, message)
  }

  closed(peer: TradePeer): void {
    this.#peers.delete(peer)
    for (const { handler } of this.#clerks) handler.closed(peer)
  }
}

const isAnswer = (type: Message['type']): boolean =>
  type === 'offer' || type === 'reject' || type === 'records'

/** What a buyer listens to. */
export const BUYER_TAKES: readonly Message['type'][] = ['terms', 'offer', 'reject', 'records']
/** What a seller listens to. */
export const SELLER_TAKES: readonly Message['type'][] = ['ask', 'cancel']
/** What whoever serves record rows listens to. */
export const ROWS_TAKES: readonly Message['type'][] = ['getrecords']
