/**
 * One span from one seller: ask, check the offer, pay, open (docs/protocol.md §7).
 * @module
 */

import { REJECT, type Reject } from '../../extensions/lnt-trade/message.ts'
import { mayReserve } from '../core/budget.ts'
import { toHex } from '../core/bytes.ts'
import { hasCode, LntError } from '../core/errors.ts'
import type { Choice } from '../core/plan.ts'
import type { Purchase } from '../core/purchase.ts'
import { delivered, struck } from '../core/score.ts'
import { acceptOffer, expiryLimitHeight } from './accept.ts'
import { type BuyPorts, resumePurchase, runPurchase } from './buy.ts'
import { openPurchase } from './opening.ts'
import type { Selling } from './sellers.ts'
import type { ShopPorts } from './shop-ports.ts'

/** Kinds bought: coupons and endorsed sales. Kind 3 stakes money on the seller's word alone (§6). */
export const KINDS: readonly number[] = [1, 4]

/** What the till works on beside the shop's ports. */
export interface TillPorts extends ShopPorts {
  /** Takes back what is not paid yet. */
  readonly cancel: AbortSignal
  /** Ends waits for outcomes; the journal resumes them. */
  readonly stop: AbortSignal
  /** Plaintext that checking a key brought to light. */
  readonly onChecked: (piece: number, plaintext: Uint8Array) => void
}

/** Runs purchases. Keeps nothing that the journal does not have. */
export class Till {
  readonly #ports: TillPorts
  readonly #unfinished = new Map<string, Purchase>()

  constructor(ports: TillPorts) {
    this.#ports = ports
  }

  /** Purchases that are recorded and not at their end. */
  get unfinished(): readonly Purchase[] {
    return [...this.#unfinished.values()]
  }

  /** Buys one span; resolves when it is opened, refused, failed or known to be a cheat. */
  async buy(seller: Selling, choice: Choice): Promise<void> {
    const { clock } = this.#ports
    const startMs = clock.nowMs()
    const bargain = await this.#haggle(seller, choice)
    if (!bargain) return
    const { askId, purchase } = bargain
    const ended = await this.#pay(purchase, seller)
    if (ended.state === 'refused') seller.asks.cancel(askId)
    else seller.asks.free(askId)
    const isGood = ended.state === 'opened'
    seller.score = isGood
      ? delivered(seller.score, clock.nowMs() - startMs)
      : struck(seller.score, clock.nowMs())
  }

  /** A purchase has come to where it stands: its key goes to the shelf. */
  done(ended: Purchase): void {
    const { shelf, keyring, onKey, onPurchase, onCheated } = this.#ports
    const key = ended.state === 'opened' && keyring.get(ended.infoSha256, ended.span)
    if (key) {
      shelf.addKey(key)
      onKey(ended.span)
    }
    onPurchase(ended)
    if (ended.state === 'cheated') onCheated(ended)
  }

  async #haggle(
    seller: Selling,
    { span, amountMsat }: Choice,
  ): Promise<{ askId: number; purchase: Purchase } | undefined> {
    const { random, cancel } = this.#ports
    const { terms, peer } = seller
    const question = {
      span,
      kinds: KINDS,
      mostMsat: amountMsat,
      nonce: random(32),
      hops: 0,
      rev: terms.rev,
    }
    const { id, answer } = await seller.asks.ask(question)
    if (answer === 'timeout' || answer.type !== 'offer') {
      this.#refused(seller, answer === 'timeout' || answer.type !== 'reject' ? undefined : answer)
      return undefined
    }
    try {
      if (cancel.aborted) throw cancel.reason
      const purchase = await acceptOffer(
        answer,
        { ask: { ...question, id }, terms, peer },
        this.#ports,
      )
      return { askId: id, purchase }
    } catch (err) {
      seller.asks.cancel(id)
      if (cancel.aborted) return undefined
      if (!(err instanceof LntError)) throw err
      if (hasCode(err, 'BAD_OFFER') || hasCode(err, 'BAD_INVOICE')) peer.drop(err)
      this.#refused(seller)
      return undefined
    }
  }

  /** A price sheet that has just changed is nobody's fault: the next ask names the new one. */
  #refused(seller: Selling, reject?: Reject): void {
    if (reject?.code === REJECT.oldRev) return
    seller.score = struck(seller.score, this.#ports.clock.nowMs(), reject?.waitMs)
  }

  async #pay(purchase: Purchase, { terms }: Selling): Promise<Purchase> {
    const { shelf } = this.#ports
    const paid = { span: purchase.span, amountMsat: purchase.amountMsat }
    shelf.paid(paid)
    const limitHeight = (height: number): number => expiryLimitHeight(height, terms, purchase.span)
    const ended = await this.#run(purchase, this.#buyPorts(limitHeight))
    if (ended.state === 'refused' || ended.state === 'failed') shelf.unpaid(paid)
    return ended
  }

  async #run(purchase: Purchase, ports: BuyPorts): Promise<Purchase> {
    const name = toHex(purchase.hash)
    this.#unfinished.set(name, purchase)
    const ended = await runPurchase(purchase, ports)
    this.#unfinished.delete(name)
    this.done(ended)
    if (ended.state === 'dead') this.#watch(ended, ports)
    return ended
  }

  /** Watches a dead payment for ever: a late success still opens the key (money law 3). */
  #watch(dead: Purchase, ports: BuyPorts): void {
    resumePurchase(dead, ports)
      .then((ended) => this.done(ended))
      .catch((err: unknown) => {
        if (!hasCode(err, 'PAYMENT_UNKNOWN')) this.#ports.onError(err)
      })
  }

  #buyPorts(limitHeight: BuyPorts['limitHeight']): BuyPorts {
    const { wallet, journal, keyring, clock, cancel, stop, limits, torrent } = this.#ports
    return {
      wallet,
      journal,
      keyring,
      clock,
      cancel,
      stop,
      limitHeight,
      mayPay: (purchase) =>
        mayReserve(
          { budgetMsat: limits.budgetMsat, ...journal.spent(torrent.infoSha256) },
          purchase,
        ),
      open: (purchase, preimage) => openPurchase(purchase, preimage, this.#ports),
    }
  }
}
