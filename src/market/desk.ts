/**
 * The seller of one torrent through one wallet: asks come in, offers go out, sales run to their end (docs/protocol.md §7, §8).
 * @module
 */
import { setImmediate as turn } from 'node:timers/promises'
import { MAX_SPANS } from '../../extensions/lnt-trade/limits.ts'
import {
  type Ask,
  type GetRecords,
  type Message,
  REJECT,
  type Terms,
} from '../../extensions/lnt-trade/message.ts'
import type { TradeHandler, TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { hasCode, LntError } from '../core/errors.ts'
import { OFFER_TTL_SECONDS, OPEN_WAIT_MS, PUBLISHER_HOPS } from '../core/limits.ts'
import type { Price } from '../core/price.ts'
import type { Sale } from '../core/sale.ts'
import type { Admission } from './admission.ts'
import type { Nonces } from './nonces.ts'
import type { Place } from './place.ts'
import { PriceSheet } from './price-sheet.ts'
import { quote, type Refusal } from './quote.ts'
import type { RecordsDesk } from './records-desk.ts'
import type { Granted, SalePorts } from './sale-start.ts'
import { Serving } from './serving.ts'
import type { Stock } from './stock.ts'
import { WalletWatch } from './wallet-watch.ts'

/** What a desk acts on. `admission` and `nonces` are one for all desks of a process. */
export interface DeskPorts extends SalePorts {
  readonly stock: Stock
  readonly rows: RecordsDesk
  readonly admission: Admission
  readonly nonces: Nonces
  /** A sale has moved: for whoever shows it. */
  readonly onSale?: (sale: Sale, peer: TradePeer) => void
  /** Something of ours failed: the disk, the journal. Selling goes on as far as it can. */
  readonly onError: (err: unknown) => void
}

/** Sells one torrent's keys. */
export class Desk implements TradeHandler {
  readonly #ports: DeskPorts
  readonly #sheet: PriceSheet
  /** Asks by peer and id. */
  readonly #asks = new Map<string, Map<number, Serving>>()
  /** Everything that is not at its end, whether or not its ask is still in use. */
  readonly #servings = new Set<Serving>()
  readonly #watch: WalletWatch
  readonly #stop = new AbortController()
  #price: Price
  #rev = 1
  #isPaused = false

  constructor(ports: DeskPorts, price: Price) {
    this.#ports = ports
    this.#price = price
    this.#watch = new WalletWatch(ports.wallet, ports.clock)
    this.#sheet = new PriceSheet(ports.clock, () => this.terms())
  }

  /** The price sheet as it stands. */
  terms(): Terms {
    const { stock, wallet, clock } = this.#ports
    const spans = stock.seller.spans()
    return {
      type: 'terms',
      ...this.#price,
      kinds: stock.kinds(wallet.can, clock.nowMs()),
      spans: spans.length <= MAX_SPANS ? spans : [],
      forwards: [],
      node: wallet.nodeId,
      hops: PUBLISHER_HOPS,
      ttlSeconds: OFFER_TTL_SECONDS,
      rev: this.#rev,
    }
  }

  /** A new price, in force at once: asks for the old one are rejected with 12. */
  setPrice(price: Price): void {
    this.#price = price
    this.#rev += 1
    this.#sheet.changed()
  }

  /** The seller holds other keys than before: peers are told. */
  stockChanged(): void {
    this.#sheet.changed()
  }

  /** No new offers; those that are out go on. */
  pause(): void {
    this.#isPaused = true
  }

  /** Sells again. */
  resume(): void {
    this.#isPaused = false
  }

  opened(peer: TradePeer): void {
    this.#ports.admission.opened(peer)
    this.#asks.set(peer.id, new Map())
    this.#sheet.opened(peer)
  }

  closed(peer: TradePeer): void {
    this.#sheet.closed(peer)
    for (const serving of this.#asks.get(peer.id)?.values() ?? []) serving.cancel()
    this.#asks.delete(peer.id)
    this.#ports.admission.closed(peer)
  }

  received(peer: TradePeer, message: Message): void {
    try {
      if (message.type === 'ask') this.#asked(peer, message)
      if (message.type === 'cancel') this.#serving(peer, message.id)?.cancel()
      if (message.type === 'getrecords') this.#askedRows(peer, message)
    } catch (err) {
      if (!hasCode(err, 'BAD_PEER')) throw err
      peer.drop(err)
    }
  }

  /**
   * Cancels what is open and waits until everything is at its end.
   * @param signal - ends the wait; the rest is resumed from the journal at the next start
   * @returns the sales that are not at their end
   */
  async close(signal: AbortSignal): Promise<Sale[]> {
    this.pause()
    this.#sheet.close()
    for (const serving of this.#servings) serving.cancel()
    const ended = Promise.all([...this.#servings].map(({ done }) => done))
    await Promise.race([ended, aborted(signal)])
    const unfinished = [...this.#servings].flatMap(({ sale }) => sale ?? [])
    this.#stop.abort()
    // Waits end with `stop`; a call into a wallet that hangs does not, and nobody waits for that one.
    await Promise.race([ended, turn()])
    return unfinished
  }

  #askedRows(peer: TradePeer, message: GetRecords): void {
    this.#checkId(peer, message.id)
    this.#ports.rows.received(peer, message)
  }

  #asked(peer: TradePeer, ask: Ask): void {
    this.#checkId(peer, ask.id)
    const verdict = this.#judge(peer, ask)
    if ('code' in verdict) peer.send({ type: 'reject', id: ask.id, ...verdict })
    else this.#serve(verdict)
  }

  /** Everything that can be said at once: standing, terms, price, limits, in this order. */
  #judge(peer: TradePeer, ask: Ask): Verdict | Refusal {
    const { admission, nonces, clock, stock } = this.#ports
    const rateMs = admission.ask(peer)
    if (rateMs > 0) return { code: REJECT.busy, text: 'too fast', waitMs: rateMs }
    if (this.#isPaused) return { code: REJECT.paused, text: 'paused' }
    const awayMs = this.#watch.waitMs()
    if (awayMs > 0) return { code: REJECT.busy, text: 'wallet away', waitMs: awayMs }
    const terms = this.terms()
    const isNewNonce = (nonce: Uint8Array): boolean => nonces.isNew(nonce, clock.nowMs())
    const quoted = quote(ask, terms, stock, isNewNonce)
    if ('code' in quoted) return quoted
    const isStranger = admission.isStranger(peer)
    const place = admission.place(peer)
    if (!place) return { code: REJECT.tooManyOpen, text: 'too many open', waitMs: OPEN_WAIT_MS }
    return { peer, ask, quote: quoted, isStranger, kinds: terms.kinds, place }
  }

  #serve({ place, ...granted }: Verdict): void {
    const { peer, ask } = granted
    const serving = new Serving(granted, place, {
      ...this.#ports,
      watch: this.#watch,
      rev: () => this.#rev,
      stop: this.#stop.signal,
      onSale: (sale) => this.#ports.onSale?.(sale, peer),
    })
    this.#servings.add(serving)
    this.#asks.get(peer.id)?.set(ask.id, serving)
    void serving.done.then(() => {
      this.#servings.delete(serving)
      const asks = this.#asks.get(peer.id)
      if (asks?.get(ask.id) === serving) asks.delete(ask.id)
    })
  }

  #serving(peer: TradePeer, id: number): Serving | undefined {
    return this.#asks.get(peer.id)?.get(id)
  }

  /** @throws {@link LntError} `BAD_PEER` when the id is still in use (docs/protocol.md §8 "Ids") */
  #checkId(peer: TradePeer, id: number): void {
    if (this.#serving(peer, id)?.isInUse(this.#ports.clock.nowMs()))
      throw new LntError({ code: 'BAD_PEER', why: `id ${id} is in use` })
  }
}

/** An ask that can be met, and its place under the limits. */
interface Verdict extends Granted {
  readonly place: Place
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
