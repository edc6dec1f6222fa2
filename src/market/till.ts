/**
 * One span from one seller: ask, check the offer, pay, open (docs/protocol.md §7).
 * @module
 */

import { REJECT } from '../../extensions/lnt-trade/message.ts'
import { mayReserve } from '../core/budget.ts'
import { toHex } from '../core/bytes.ts'
import { hasCode, LntError } from '../core/errors.ts'
import type { Choice } from '../core/plan.ts'
import type { Purchase } from '../core/purchase.ts'
import { delivered, left, struck } from '../core/score.ts'
import { acceptOffer, expiryLimitHeight } from './accept.ts'
import type { Answer } from './asks.ts'
import { type BuyPorts, resumePurchase, runPurchase } from './buy.ts'
import { openPurchase } from './opening.ts'
import type { Selling } from './sellers.ts'
import type { ShopPorts } from './shop-ports.ts'
import type { Trust } from './trust.ts'
import { WalletWatch } from './wallet-watch.ts'

/** Kinds bought: coupons and endorsed sales. Kind 3 stakes money on the seller's word alone (§6). */
export const KINDS: readonly number[] = [1, 4]

/** What the till works on beside the shop's ports. */
export interface TillPorts extends ShopPorts {
  readonly trust: Trust
  /** Takes back what is not paid yet. */
  readonly cancel: AbortSignal
  /** Ends waits for outcomes; the journal resumes them. */
  readonly stop: AbortSignal
  /** Plaintext that checking a key brought to light. */
  readonly onChecked: (piece: number, plaintext: Uint8Array) => void
  /** The key of a span has come to the shelf. */
  readonly onKeyed: (span: number) => void
}

/** Runs purchases. Keeps nothing that the journal does not have. */
export class Till {
  readonly #ports: TillPorts
  readonly #unfinished = new Map<string, Purchase>()
  readonly #watch: WalletWatch

  constructor(ports: TillPorts) {
    this.#ports = ports
    this.#watch = new WalletWatch(ports.wallet, ports.clock)
  }

  /** Purchases that are recorded and not at their end. */
  get unfinished(): readonly Purchase[] {
    return [...this.#unfinished.values()]
  }

  /** Whether a payment for this span was sent, or may have been, and has no end yet. */
  isUnfinished(span: number): boolean {
    return this.unfinished.some((purchase) => purchase.span === span)
  }

  /** How long to wait before buying again because the wallet is away, ms; 0 while it answers. */
  get waitMs(): number {
    return this.#watch.waitMs()
  }

  /**
   * Buys one span; resolves when it is opened, refused, failed, dead or known to be a cheat, or the wallet is away.
   * @throws what the journal throws; `PAYMENT_UNKNOWN` when stopped, `BAD_WALLET`
   */
  async buy(seller: Selling, choice: Choice): Promise<void> {
    const { clock } = this.#ports
    const startMs = clock.nowMs()
    try {
      await this.#watch.ready()
      const bargain = await this.#haggle(seller, choice)
      if (!bargain) return
      const ended = await this.#pay(bargain, seller)
      seller.score = scoreAfter(ended, seller.score, startMs, clock.nowMs())
    } catch (err) {
      if (hasCode(err, 'WALLET_UNAVAILABLE')) {
        this.#watch.lost()
        return
      }
      // Whosoever fault: not again at once, or what fails by itself would fail for ever.
      seller.score = struck(seller.score, clock.nowMs())
      throw err
    }
  }

  /** A purchase has come to where it stands: its key goes to the shelf. */
  #done(ended: Purchase): void {
    const { shelf, keyring, trust, onKeyed, onPurchase, onCheated } = this.#ports
    const key = ended.state === 'opened' && keyring.get(ended.infoSha256, ended.span)
    if (key) {
      shelf.addKey(key)
      onKeyed(ended.span)
    }
    onPurchase(ended)
    if (ended.state === 'cheated') onCheated(trust.convict({ span: ended.span, purchase: ended }))
  }

  /** A purchase of an earlier run has come to where it stands; a dead one is watched on. */
  resumed(ended: Purchase): void {
    this.#done(ended)
    if (ended.state === 'dead')
      this.#follow(
        ended,
        this.#buyPorts((height) => height),
      )
  }

  async #haggle(
    seller: Selling,
    { span, amountMsat }: Choice,
  ): Promise<{ askId: number; purchase: Purchase } | undefined> {
    const { random, cancel, trust } = this.#ports
    const { terms, peer, asks } = seller
    const question = {
      span,
      kinds: KINDS,
      mostMsat: amountMsat,
      nonce: random(32),
      hops: 0,
      rev: terms.rev,
    }
    const { id, answer } = await asks.ask(question)
    if (answer === 'timeout' || answer.type !== 'offer') {
      this.#refused(seller, question.rev, answer)
      return undefined
    }
    if (cancel.aborted) {
      asks.cancel(id)
      return undefined
    }
    try {
      const purchase = acceptOffer(answer, { ask: { ...question, id }, terms, peer }, this.#ports)
      if (trust.believes(purchase)) return { askId: id, purchase }
    } catch (err) {
      if (!(err instanceof LntError)) throw err
      if (hasCode(err, 'BAD_OFFER') || hasCode(err, 'BAD_INVOICE')) peer.drop(err)
      else if (!hasCode(err, 'ALREADY_PAID')) throw err
    }
    asks.cancel(id)
    this.#refused(seller, question.rev)
    return undefined
  }

  /** A price sheet that has changed meanwhile is nobody's fault: the next ask names the new one. */
  #refused(seller: Selling, askedRev: number, answer?: Answer): void {
    const reject = answer !== 'timeout' && answer?.type === 'reject' ? answer : undefined
    if (reject?.code === REJECT.oldRev && seller.terms.rev !== askedRev) return
    seller.score = struck(seller.score, this.#ports.clock.nowMs(), reject?.waitMs)
  }

  async #pay(
    { askId, purchase }: { askId: number; purchase: Purchase },
    { terms, asks }: Selling,
  ): Promise<Purchase> {
    const { shelf, journal } = this.#ports
    const { span, amountMsat } = purchase
    const paid = { span, amountMsat }
    const name = toHex(purchase.hash)
    shelf.paid(paid)
    this.#unfinished.set(name, purchase)
    let isWanted = true
    try {
      const ports = this.#buyPorts((height) => expiryLimitHeight(height, terms, span))
      const ended = await runPurchase(purchase, ports)
      isWanted = ended.state !== 'refused' && ended.state !== 'failed'
      if (!isWanted) shelf.unpaid(paid)
      this.#unfinished.delete(name)
      this.#done(ended)
      if (ended.state === 'dead') this.#follow(ended, ports)
      return ended
    } catch (err) {
      if (!journal.knows(purchase)) {
        isWanted = false
        shelf.unpaid(paid)
        this.#unfinished.delete(name)
      }
      throw err
    } finally {
      // What was not sent, or has failed for good, needs no invoice any more: the seller gives its place to the next ask.
      if (isWanted) asks.free(askId)
      else asks.cancel(askId)
    }
  }

  /** Watches a dead payment for ever: a late success still opens the key (money law 3). */
  #follow(dead: Purchase, ports: BuyPorts): void {
    resumePurchase(dead, ports)
      .then((ended) => this.#done(ended))
      .catch((err: unknown) => {
        if (!hasCode(err, 'PAYMENT_UNKNOWN')) this.#ports.onError(err)
      })
  }

  #buyPorts(limitHeight: BuyPorts['limitHeight']): BuyPorts {
    const { wallet, journal, keyring, clock, cancel, stop } = this.#ports
    return {
      wallet,
      journal,
      keyring,
      clock,
      cancel,
      stop,
      limitHeight,
      mayPay: (purchase) => this.#mayPay(purchase),
      open: (purchase, preimage) => openPurchase(purchase, preimage, this.#ports),
    }
  }

  /** The last word: a lie, a late key or another payment may have come since the offer was asked for. */
  #mayPay(purchase: Purchase): boolean {
    const { shelf, trust, journal, limits, torrent } = this.#ports
    if (!trust.believes(purchase) || shelf.holdsUnder(purchase.span)) return false
    const spent = journal.spent(torrent.infoSha256)
    return mayReserve({ budgetMsat: limits.budgetMsat, ...spent }, purchase)
  }
}

function scoreAfter(
  { state }: Purchase,
  score: Selling['score'],
  startMs: number,
  nowMs: number,
): Selling['score'] {
  if (state === 'opened') return delivered(score, nowMs - startMs)
  return state === 'cheated' ? left(score) : struck(score, nowMs)
}
