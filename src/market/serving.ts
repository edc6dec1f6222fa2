/**
 * One granted ask, from its grant to the end of the sale that came of it.
 * @module
 */
import { REJECT } from '../../extensions/lnt-trade/message.ts'
import { hasCode } from '../core/errors.ts'
import { WALLET_WAIT_MS } from '../core/limits.ts'
import { isFinal } from '../core/machine.ts'
import { SALE, type Sale, type SaleEvent } from '../core/sale.ts'
import { makeOffer } from './offering.ts'
import type { Place } from './place.ts'
import type { Refusal } from './quote.ts'
import { type Begun, beginSale, type Granted, type SalePorts } from './sale-start.ts'
import { runSale } from './sell.ts'
import type { Stock } from './stock.ts'
import type { WalletWatch } from './wallet-watch.ts'

/** What a serving tells its desk. */
export interface ServingPorts extends SalePorts {
  readonly stock: Stock
  readonly watch: WalletWatch
  /** Ends every wait: the process is about to leave, what is unfinished is resumed at the next start. */
  readonly stop: AbortSignal
  /** Revision of the terms in force. */
  readonly rev: () => number
  /** The sale has moved. */
  readonly onSale: (sale: Sale) => void
  readonly onError: (err: unknown) => void
}

/** Runs by itself; never throws. */
export class Serving {
  /** Resolves when the sale is at its end, or the process leaves. */
  readonly done: Promise<void>
  readonly #granted: Granted
  readonly #place: Place
  readonly #ports: ServingPorts
  readonly #unwanted = new AbortController()
  #isAnswerable = true
  #sale: Sale | undefined

  constructor(granted: Granted, place: Place, ports: ServingPorts) {
    this.#granted = granted
    this.#place = place
    this.#ports = ports
    this.done = this.#run()
  }

  /** The sale as the journal has it; none while its row is not on disk. */
  get sale(): Sale | undefined {
    return this.#sale
  }

  /** Whether the ask's id is in use: until settle, reject, cancel or ttl (docs/protocol.md §8 "Ids"). */
  isInUse(nowMs: number): boolean {
    return this.#isAnswerable && !(this.#sale && nowMs >= this.#sale.expiresAtMs)
  }

  /** Nobody will pay any more: an offer that is still open is cancelled, the id is free at once. */
  cancel(): void {
    this.#isAnswerable = false
    this.#unwanted.abort()
  }

  async #run(): Promise<void> {
    try {
      const begun = await this.#begin()
      if (begun) {
        this.#moved(begun.sale)
        await this.#offer(begun)
        if (this.#sale && !isFinal(SALE, this.#sale.state)) await this.#drive(begun.sale)
      }
    } catch (err) {
      this.#ports.onError(err)
    } finally {
      // The place of a sale that is not at its end stays taken: its HTLC may still be held.
      if (!this.#sale) this.#place.end()
      this.#isAnswerable = false
    }
  }

  /** Puts the row on disk, or refuses. */
  async #begin(): Promise<Begun | undefined> {
    const { stock, watch } = this.#ports
    try {
      await watch.ready()
      if (this.#unwanted.signal.aborted || !this.#isCurrent()) return undefined
      const begun = await beginSale(this.#granted, stock, this.#ports)
      if (!('code' in begun)) return begun
      this.#refuse(begun)
    } catch (err) {
      this.#failed(err)
    }
    return undefined
  }

  /** Makes the offer and sends it, unless nobody wants it any more. */
  async #offer({ sale, tree }: Begun): Promise<void> {
    const { peer, ask, quote } = this.#granted
    const { endorser } = this.#ports.stock.seller
    try {
      const offering = {
        peer,
        ask,
        quote,
        sale,
        ...(tree && { tree }),
        ...(endorser && { endorser }),
      }
      const offer = await makeOffer(offering, this.#ports)
      if (this.isInUse(this.#ports.clock.nowMs()) && this.#isCurrent()) peer.send(offer)
    } catch (err) {
      this.#failed(err)
      this.#unwanted.abort()
      if (hasCode(err, 'HASH_IN_USE')) this.#giveUp(sale)
    }
  }

  /** Whether the ask's price still stands; else it is refused: rev has moved on before the answer (§8). */
  #isCurrent(): boolean {
    if (this.#granted.ask.rev === this.#ports.rev()) return true
    this.#refuse({ code: REJECT.oldRev, text: 'the price has changed' })
    this.#unwanted.abort()
    return false
  }

  /** Takes the sale to its end. */
  async #drive(sale: Sale): Promise<void> {
    const { wallet, journal, clock, stop } = this.#ports
    const recordSale = (moved: Sale, event: SaleEvent): void => {
      journal.recordSale(moved, event)
      this.#moved(moved)
    }
    const ports = { wallet, journal: { recordSale }, clock, cancel: this.#unwanted.signal, stop }
    try {
      await runSale(sale, ports)
    } catch (err) {
      // Left as it stands on disk; resumed at the next start.
      if (!stop.aborted) throw err
    }
  }

  /** The wallet has used this hash before, though the book did not know: nothing was made, nothing may be cancelled. */
  #giveUp(sale: Sale): void {
    for (const [state, event] of [
      ['cancelling', 'cancel'],
      ['cancelled', 'cancelled'],
    ] as const) {
      const moved = { ...sale, state }
      this.#ports.journal.recordSale(moved, event)
      this.#moved(moved)
    }
  }

  #moved(sale: Sale): void {
    this.#sale = sale
    if (sale.state === 'held') this.#place.held()
    if (sale.state === 'settling') this.#place.paid()
    if (sale.state === 'settling' || sale.state === 'cancelling') this.#isAnswerable = false
    if (isFinal(SALE, sale.state)) this.#place.end()
    try {
      this.#ports.onSale(sale)
    } catch (err) {
      // Whoever only looks on must not stop a sale between its record and its act.
      this.#ports.onError(err)
    }
  }

  #failed(err: unknown): void {
    if (hasCode(err, 'BAD_PEER')) {
      this.#granted.peer.drop(err)
      return
    }
    if (hasCode(err, 'WALLET_UNAVAILABLE')) this.#ports.watch.lost()
    else this.#ports.onError(err)
    this.#refuse({ code: REJECT.busy, text: 'busy', waitMs: WALLET_WAIT_MS })
  }

  #refuse(refusal: Refusal): void {
    const { peer, ask } = this.#granted
    // After a cancel the peer may have used the id again: nothing may be said under it.
    if (this.#isAnswerable) peer.send({ type: 'reject', id: ask.id, ...refusal })
    this.#isAnswerable = false
  }
}
