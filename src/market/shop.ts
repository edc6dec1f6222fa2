/**
 * The buyer of one torrent: decides with core/plan.ts what to buy from whom (docs/protocol.md §7).
 * @module
 */
import type { Message } from '../../extensions/lnt-trade/message.ts'
import type { TradeHandler, TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { leftMsat } from '../core/budget.ts'
import { toHex } from '../core/bytes.ts'
import { hasCode } from '../core/errors.ts'
import { isLeaf, isUnder } from '../core/geometry.ts'
import { type Choice, nextSpan, type Obstacle } from '../core/plan.ts'
import type { Purchase } from '../core/purchase.ts'
import { bookCheat } from './buy.ts'
import { Rows } from './rows.ts'
import { maySell, Sellers, type Selling, type Taste } from './sellers.ts'
import type { Shelf } from './shelf.ts'
import type { ShopPorts } from './shop-ports.ts'
import { KINDS, Till } from './till.ts'
import { Unsealing } from './unsealing.ts'

/** Most pieces looked at for one decision. */
export const WINDOW_PIECES = 1024

/** States in which money has gone out, or may have. */
const PAID_STATES: readonly Purchase['state'][] = ['paying', 'paid', 'dead', 'opened', 'cheated']

/** Why nothing is being bought right now. */
export type Standstill = Obstacle | 'no-seller' | 'too-dear' | undefined

/** Buys what `wants` names from whoever sells it. Lives as long as the torrent is viewed or downloaded. */
export class Shop implements TradeHandler {
  /** What is held of the torrent. */
  readonly shelf: Shelf
  readonly #ports: ShopPorts
  readonly #sellers: Sellers
  readonly #rows: Rows
  readonly #till: Till
  readonly #cancel = new AbortController()
  readonly #stop = new AbortController()
  readonly #purchases = new Set<Promise<void>>()
  readonly #unsealing: Unsealing
  /** Amount and fee limit of each purchase that is on its way: the journal may not know it yet. */
  readonly #committedMsat = new Map<number, bigint>()
  #standstill: Standstill
  #isPumping = false
  #stopWake: () => void = () => {}
  #leftMsat: bigint | undefined

  constructor(ports: ShopPorts) {
    this.#ports = ports
    const { torrent, clock, journal, book, shelf } = ports
    this.#sellers = new Sellers(clock)
    this.shelf = shelf
    this.#rows = new Rows({
      pieces: torrent.pieces,
      book,
      sellers: this.#sellers,
      onRows: () => {
        this.#openAll()
        this.pump()
      },
    })
    const signals = { cancel: this.#cancel.signal, stop: this.#stop.signal }
    this.#unsealing = new Unsealing({ ...ports, onError: (err) => this.#failed(err) })
    const onChecked = this.#unsealing.keep
    this.#till = new Till({ ...ports, ...signals, onChecked })
    for (const purchase of journal.purchasesOf(torrent.infoSha256))
      if (PAID_STATES.includes(purchase.state)) this.#remember(purchase)
    this.#openAll()
  }

  /** What keeps the shop from buying, for the screen. */
  get standstill(): Standstill {
    return this.#standstill
  }

  /** Trading peers, and how many of them have sent a price sheet that suits. */
  get sellers(): { readonly peers: number; readonly selling: number } {
    const selling = this.#sellers.selling(this.#taste).length
    return { peers: this.#sellers.all().length, selling }
  }

  opened(peer: TradePeer): void {
    this.#sellers.add(peer)
    this.pump()
  }

  closed(peer: TradePeer): void {
    this.#sellers.remove(peer)
  }

  received(peer: TradePeer, message: Message): void {
    const seller = this.#sellers.get(peer)
    if (!seller) return
    switch (message.type) {
      case 'terms':
        seller.terms = message
        this.pump()
        return
      case 'offer':
      case 'reject':
      case 'records':
        seller.asks.received(message)
        return
      case 'ask':
      case 'cancel':
      case 'getrecords':
      case 'evidence':
        return
    }
  }

  /** Ciphertext of a piece has come. */
  verified(piece: number): void {
    this.#unsealing.add(piece)
    this.pump()
  }

  /** Looks again for something to buy. Cheap to call; runs once a turn of the event loop. */
  pump(): void {
    if (this.#isPumping || this.#cancel.signal.aborted) return
    this.#isPumping = true
    setImmediate(() => {
      this.#isPumping = false
      if (this.#cancel.signal.aborted) return
      while (this.#buyOne());
      this.#ports.onChange()
    })
  }

  /**
   * Stops buying: takes back what is only asked or offered, waits for payments in flight until `deadline`.
   * @returns the purchases whose end is not known yet: the journal resumes them at the next start
   */
  async close(deadline: AbortSignal): Promise<readonly Purchase[]> {
    this.#cancel.abort()
    this.#stopWake()
    this.#rows.close()
    this.#unsealing.close()
    this.#sellers.close()
    const stop = (): void => this.#stop.abort()
    if (deadline.aborted) stop()
    deadline.addEventListener('abort', stop, { once: true })
    while (this.#purchases.size > 0) await Promise.allSettled(this.#purchases)
    stop()
    return this.#till.unfinished
  }

  get #taste(): Taste {
    return { kinds: KINDS, maxPriceMsat: this.#ports.limits.maxPriceMsat }
  }

  /** A purchase of an earlier run. Whoever opened the journal resumes it; the shop only waits. */
  #remember({ span, amountMsat, hash }: Purchase): void {
    this.shelf.paid({ span, amountMsat })
    const resumed = this.#ports.resumed.get(toHex(hash))
    if (!resumed) return
    this.shelf.begin(span)
    this.#track(span, () => resumed.then((ended) => this.#till.done(ended)))
  }

  /** A piece came that misses its commitment although its key was bought: the publisher has lied. */
  #failed(err: unknown): void {
    const opened = hasCode(err, 'BAD_KEY') && this.#openedOver(err.detail.span)
    if (opened) this.#ports.onCheated(bookCheat(opened, this.#ports))
    else this.#ports.onError(err)
  }

  #openedOver(leaf: number): Purchase | undefined {
    const { journal, torrent } = this.#ports
    return journal
      .purchasesOf(torrent.infoSha256)
      .find(({ state, span }) => state === 'opened' && isUnder(leaf, span))
  }

  /** Begins one purchase. False when there is nothing to begin now. */
  #buyOne(): boolean {
    this.#standstill = this.#whyNobody()
    for (const seller of this.#sellers.ready(this.#taste)) {
      const choice = this.#choose(seller)
      if (typeof choice !== 'string') {
        this.#standstill = undefined
        this.#begin(seller, choice)
        return true
      }
      this.#standstill = choice
    }
    this.#wakeWhenRested()
    return false
  }

  #choose(seller: Selling): Choice | Obstacle {
    const { torrent, goods, limits } = this.#ports
    const { pieces, urgent, isSettled } = this.#ports.wants()
    const wanted = pieces.slice(0, WINDOW_PIECES)
    const first = wanted.find((piece) => this.shelf.isLocked(piece))
    if (first !== undefined) this.#rows.want(first)
    return nextSpan(
      {
        pieces: torrent.pieces,
        wanted,
        urgent,
        isSettled,
        isLocked: (piece) => this.shelf.isLocked(piece),
        isFree: (piece) => this.shelf.isFree(piece),
        inHand: (piece) => goods.has(piece),
        opened: this.shelf.openedCount,
        isTrusted: limits.isTrusted,
        aheadMsat: this.shelf.aheadMsat(),
        leftMsat: this.#left(),
        feeLimitMsat: limits.feeLimitMsat,
        isSold: (span) => maySell(seller.terms, span) && this.#isProvable(span),
      },
      seller.terms,
    )
  }

  /** May count a payment in flight twice, never not at all: the till has the last word (money law 10). */
  #left(): bigint {
    const { journal, torrent, limits } = this.#ports
    this.#leftMsat ??= leftMsat({
      budgetMsat: limits.budgetMsat,
      ...journal.spent(torrent.infoSha256),
    })
    return [...this.#committedMsat.values()].reduce((left, msat) => left - msat, this.#leftMsat)
  }

  /** Inner spans are bought only when the rows of all their pieces are verified. */
  #isProvable(span: number): boolean {
    if (isLeaf(this.#ports.torrent.pieces, span) || this.#rows.isKnown(span)) return true
    for (const piece of this.shelf.piecesOf(span)) this.#rows.want(piece)
    return false
  }

  #whyNobody(): Standstill {
    if (this.#sellers.selling(this.#taste).length > 0) return 'later'
    return this.#sellers.all().some(({ terms }) => terms) ? 'too-dear' : 'no-seller'
  }

  #wakeWhenRested(): void {
    this.#stopWake()
    const { clock } = this.#ports
    const atMs = this.#sellers.nextWakeMs(this.#taste)
    if (atMs === undefined) return
    this.#stopWake = clock.after(Math.max(0, atMs - clock.nowMs()) + 1, () => this.pump())
  }

  #begin(seller: Selling, choice: Choice): void {
    this.shelf.begin(choice.span)
    const feeLimitMsat = this.#ports.limits.feeLimitMsat(choice.amountMsat)
    this.#committedMsat.set(choice.span, choice.amountMsat + feeLimitMsat)
    seller.open += 1
    this.#track(choice.span, () =>
      this.#till.buy(seller, choice).finally(() => {
        seller.open -= 1
      }),
    )
  }

  /** Keeps a purchase in sight until it ends; then its pieces are open, or locked again. */
  #track(span: number, work: () => Promise<void>): void {
    const purchase = work()
      .catch((err: unknown) => {
        if (!hasCode(err, 'PAYMENT_UNKNOWN')) this.#ports.onError(err)
      })
      .finally(() => {
        this.shelf.end(span)
        this.#committedMsat.delete(span)
        this.#purchases.delete(purchase)
        this.#leftMsat = undefined
        for (const piece of this.shelf.piecesOf(span)) this.#unsealing.add(piece)
        this.pump()
      })
    this.#purchases.add(purchase)
  }

  #openAll(): void {
    for (let piece = 0; piece < this.#ports.torrent.pieces; piece++) this.#unsealing.add(piece)
  }
}
