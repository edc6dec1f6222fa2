/**
 * The buyer of one torrent: decides with core/plan.ts what to buy from whom (docs/protocol.md §7).
 * @module
 */
import type { Message } from '../../extensions/lnt-trade/message.ts'
import type { TradeHandler, TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { hasCode } from '../core/errors.ts'
import { isLeaf, isUnder, type Run } from '../core/geometry.ts'
import { MAX_PAYMENT_MSAT } from '../core/money.ts'
import { type Choice, nextSpan, type Obstacle, type PlanView } from '../core/plan.ts'
import type { Purchase } from '../core/purchase.ts'
import type { Spent } from '../store/journal.ts'
import { bookCheat } from './buy.ts'
import { Earlier } from './earlier.ts'
import { aborted, pause } from './pause.ts'
import { Purse } from './purse.ts'
import { Rows } from './rows.ts'
import { maySell, Sellers, type Selling, type Taste } from './sellers.ts'
import type { Shelf } from './shelf.ts'
import type { ShopPorts } from './shop-ports.ts'
import { KINDS, Till } from './till.ts'
import { Trust } from './trust.ts'
import { Unsealing } from './unsealing.ts'

/** Most pieces looked at for one decision. */
export const WINDOW_PIECES = 1024

/** How long closing waits, after the deadline, for what is between two steps, ms. */
const GRACE_MS = 2_000

/** Why nothing is being bought right now. */
export type Standstill = Obstacle | 'no-seller' | 'too-dear' | 'wallet' | 'cheated' | undefined

/** Buys what `wants` names from whoever sells it. Lives as long as the torrent is viewed or downloaded. */
export class Shop implements TradeHandler {
  /** What is held of the torrent. */
  readonly shelf: Shelf
  readonly #ports: ShopPorts
  readonly #sellers: Sellers
  readonly #rows: Rows
  readonly #till: Till
  readonly #trust = new Trust()
  readonly #taste: Taste
  readonly #cancel = new AbortController()
  readonly #stop = new AbortController()
  readonly #purchases = new Set<Promise<void>>()
  readonly #unsealing: Unsealing
  readonly #purse: Purse
  readonly #earlier: Earlier
  #standstill: Standstill
  #isPumping = false
  #stopWake: () => void = () => {}

  constructor(ports: ShopPorts) {
    this.#ports = ports
    const { torrent, clock, journal, book, shelf, wallet, limits, onError } = ports
    const { pieces } = torrent
    const { maxPriceMsat: most } = limits
    this.#taste = { kinds: KINDS, maxPriceMsat: most < MAX_PAYMENT_MSAT ? most : MAX_PAYMENT_MSAT }
    this.shelf = shelf
    this.#sellers = new Sellers({ clock, pieces, ownNode: wallet.nodeId })
    const onRows = ({ first, count }: Run): void => {
      for (let piece = first; piece < first + count; piece++) this.#unsealing.add(piece)
      this.pump()
    }
    this.#rows = new Rows({ pieces, book, sellers: this.#sellers, clock, onRows, onError })
    const spent = (): Spent => journal.spent(torrent.infoSha256)
    this.#purse = new Purse({ ...limits, spent })
    this.#unsealing = new Unsealing({ ...ports, onError: (err) => this.#failed(err) })
    this.#till = new Till({
      ...ports,
      trust: this.#trust,
      cancel: this.#cancel.signal,
      stop: this.#stop.signal,
      onChecked: this.#unsealing.keep,
      onKeyed: (span) => this.#refresh(span),
    })
    this.#earlier = new Earlier({
      ...ports,
      trust: this.#trust,
      cancel: this.#cancel.signal,
      onEnded: (ended) => {
        this.#till.resumed(ended)
        this.#refresh(ended.span)
      },
    })
    for (let piece = 0; piece < pieces; piece++) this.#unsealing.add(piece)
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
    this.pump()
  }

  received(peer: TradePeer, message: Message): void {
    const seller = this.#sellers.get(peer)
    if (!seller) return
    try {
      switch (message.type) {
        case 'terms':
          this.#sellers.learn(seller, message)
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
    } catch (err) {
      if (!hasCode(err, 'BAD_PEER')) throw err
      peer.drop(err)
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
      try {
        while (this.#buyOne());
      } catch (err) {
        this.#ports.onError(err)
      }
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
    const over = new AbortController()
    const ended = Promise.allSettled(this.#purchases).then(() => over.abort())
    await aborted(AbortSignal.any([deadline, over.signal]))
    this.#stop.abort()
    // Waits end with `stop`; a call into a wallet that hangs does not, and nobody waits for that one.
    await Promise.race([ended, pause(this.#ports.clock, GRACE_MS, over.signal)])
    await this.#ports.opener.close()
    return this.#till.unfinished
  }

  /** A piece came that misses its commitment although its key was bought, or given away: the publisher has lied. */
  #failed(err: unknown): void {
    if (!hasCode(err, 'BAD_KEY')) {
      this.#ports.onError(err)
      return
    }
    const { span } = err.detail
    const { journal, torrent } = this.#ports
    const over = journal.purchasesOf(torrent.infoSha256).filter((one) => isUnder(span, one.span))
    // Known already by another piece of it.
    if (over.some(({ state }) => state === 'cheated')) return
    const opened = over.find(({ state }) => state === 'opened')
    const purchase = opened && bookCheat(opened, this.#ports)
    this.#ports.onCheated(this.#trust.convict({ span, ...(purchase && { purchase }) }))
    this.pump()
  }

  /** Begins one purchase. False when there is nothing to begin now. */
  #buyOne(): boolean {
    const { pieces, urgent, isSettled } = this.#ports.wants()
    const wanted = pieces.slice(0, WINDOW_PIECES)
    const locked = wanted.filter((piece) => this.shelf.isLocked(piece))
    this.#rows.want(locked)
    this.#standstill = this.#whyNobody(locked.length)
    if (this.#standstill !== 'later') return this.#wakeLater()
    const view = { ...this.#view(), wanted, urgent, isSettled }
    let obstacle: Obstacle | undefined
    for (const seller of this.#sellers.ready(this.#taste)) {
      const isSold = (span: number): boolean => maySell(seller, span) && this.#isProvable(span)
      const choice = nextSpan({ ...view, isSold }, seller.terms)
      if (typeof choice !== 'string') {
        this.#standstill = undefined
        this.#begin(seller, choice)
        return true
      }
      if (obstacle === undefined || obstacle === 'seller') obstacle = choice
    }
    // What is in flight may come back.
    const isWaiting = this.#purse.committed + this.#earlier.waiting > 0
    this.#standstill = obstacle === 'budget' && isWaiting ? 'later' : (obstacle ?? 'later')
    return this.#wakeLater()
  }

  #view(): Omit<PlanView, 'wanted' | 'urgent' | 'isSettled' | 'isSold'> {
    const { torrent, goods, limits } = this.#ports
    const { shelf } = this
    return {
      pieces: torrent.pieces,
      isLocked: (piece) => shelf.isLocked(piece),
      isFree: (piece) => shelf.isFree(piece),
      inHand: (piece) => goods.has(piece),
      opened: shelf.openedCount,
      isTrusted: limits.isTrusted,
      aheadMsat: shelf.aheadMsat(),
      leftMsat: this.#purse.leftMsat(),
      feeLimitMsat: limits.feeLimitMsat,
    }
  }

  /** Inner spans are bought only when the rows of all their pieces are verified. */
  #isProvable(span: number): boolean {
    return isLeaf(this.#ports.torrent.pieces, span) || this.#rows.isKnown(span)
  }

  /** `later` when somebody may be asked, now or after a rest. */
  #whyNobody(locked: number): Standstill {
    if (!this.#trust.isPublisherGood) return 'cheated'
    if (locked === 0) return 'nothing'
    if (this.#till.waitMs > 0) return 'wallet'
    if (this.#sellers.selling(this.#taste).length > 0) return 'later'
    return this.#sellers.areTooDear(this.#taste) ? 'too-dear' : 'no-seller'
  }

  /** @returns false: nothing was begun */
  #wakeLater(): false {
    this.#stopWake()
    const { clock } = this.#ports
    const nowMs = clock.nowMs()
    const awayMs = this.#till.waitMs
    const atMs = awayMs > 0 ? nowMs + awayMs : this.#sellers.nextWakeMs(this.#taste)
    if (atMs !== undefined) this.#stopWake = clock.after(atMs - nowMs + 1, () => this.pump())
    return false
  }

  #begin(seller: Selling, choice: Choice): void {
    const { span, amountMsat } = choice
    this.shelf.begin(span)
    this.#purse.commit(span, amountMsat)
    seller.open += 1
    const purchase = this.#till
      .buy(seller, choice)
      .catch((err: unknown) => {
        if (!hasCode(err, 'PAYMENT_UNKNOWN')) this.#ports.onError(err)
      })
      .finally(() => {
        seller.open -= 1
        this.#purse.release(span)
        this.#purchases.delete(purchase)
        this.#ended(span)
      })
    this.#purchases.add(purchase)
  }

  /** A purchase has ended: its pieces are open, or locked again. */
  #ended(span: number): void {
    // One that was sent and has no end stays as it is: what came of it is not known (money law 3).
    if (!this.#till.isUnfinished(span)) this.shelf.end(span)
    this.#refresh(span)
  }

  /** Something has come of a span: its pieces are looked at, and the budget. */
  #refresh(span: number): void {
    this.#purse.changed()
    for (const piece of this.shelf.piecesOf(span)) this.#unsealing.settle(piece)
    this.pump()
  }
}
