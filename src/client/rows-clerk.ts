/**
 * Serves record rows where nobody sells: a viewer its verified ones, a publisher until its wallet is up.
 * @module
 */
import type { Message } from '../../extensions/lnt-trade/message.ts'
import type { TradeHandler, TradePeer } from '../../extensions/lnt-trade/peer.ts'
import type { Admission } from '../market/admission.ts'
import type { RecordsDesk } from '../market/records-desk.ts'

/** A records desk with a door of its own. */
export class RowsClerk implements TradeHandler {
  readonly desk: RecordsDesk
  readonly #admission: Admission

  constructor(desk: RecordsDesk, admission: Admission) {
    this.desk = desk
    this.#admission = admission
  }

  opened(peer: TradePeer): void {
    this.#admission.opened(peer)
  }

  received(peer: TradePeer, message: Message): void {
    if (message.type === 'getrecords') this.desk.received(peer, message)
  }

  closed(peer: TradePeer): void {
    this.#admission.closed(peer)
  }
}
