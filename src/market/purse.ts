/**
 * What a torrent's budget still allows, reckoned without a look into the journal for each decision (money law 10).
 * @module
 */
import { leftMsat } from '../core/budget.ts'
import type { Spent } from '../store/journal.ts'

/** What a purse reckons with. */
export interface PursePorts {
  readonly budgetMsat: bigint
  /** What the journal says now. */
  readonly spent: () => Spent
  /** Fee limit of a payment of this amount. */
  readonly feeLimitMsat: (amountMsat: bigint) => bigint
}

/** May count a payment in flight twice, never not at all: the till has the last word, in the journal's transaction. */
export class Purse {
  readonly #ports: PursePorts
  /** Amount and fee limit of each purchase on its way, by span: the journal may not know it yet. */
  readonly #committedMsat = new Map<number, bigint>()
  #leftMsat: bigint | undefined

  constructor(ports: PursePorts) {
    this.#ports = ports
  }

  /** What may be given out now; below zero when payments in flight are counted twice. */
  leftMsat(): bigint {
    const { budgetMsat, spent } = this.#ports
    this.#leftMsat ??= leftMsat({ budgetMsat, ...spent() })
    return [...this.#committedMsat.values()].reduce((left, msat) => left - msat, this.#leftMsat)
  }

  /** Purchases on their way: what they do not spend comes back. */
  get committed(): number {
    return this.#committedMsat.size
  }

  /** A purchase begins. */
  commit(span: number, amountMsat: bigint): void {
    this.#committedMsat.set(span, amountMsat + this.#ports.feeLimitMsat(amountMsat))
  }

  /** It has ended, whatever it cost. */
  release(span: number): void {
    this.#committedMsat.delete(span)
    this.changed()
  }

  /** The journal has something new to say. */
  changed(): void {
    this.#leftMsat = undefined
  }
}
