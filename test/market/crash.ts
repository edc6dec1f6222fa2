import type { BuyPorts } from '../../src/market/buy.ts'
import type { ResumePorts } from '../../src/market/resume.ts'
import type { Journal } from '../../src/store/journal.ts'

/** The process is killed. */
export class Crash extends Error {}

/** When a journal kills its process: at its nth record, before or after that is on disk. */
export interface CrashPlan {
  readonly at: number
  readonly when: 'before' | 'after'
}

/** A journal that kills its process once, and counts. */
export class CrashingJournal implements Pick<Journal, keyof ResumePorts['journal']> {
  records = 0
  readonly #journal: Journal
  readonly #plan: CrashPlan | undefined
  #isDead = false
  #depth = 0

  constructor(journal: Journal, plan?: CrashPlan) {
    this.#journal = journal
    this.#plan = plan
  }

  transaction<T>(work: () => T): T {
    this.#depth += 1
    try {
      const result = this.#journal.transaction(work)
      this.#depth -= 1
      if (this.#isDead) throw new Crash('after')
      return result
    } catch (err) {
      this.#depth = 0
      throw err
    }
  }

  recordPurchase(...args: Parameters<Journal['recordPurchase']>): void {
    this.#record(() => this.#journal.recordPurchase(...args))
  }

  recordSale(...args: Parameters<Journal['recordSale']>): void {
    this.#record(() => this.#journal.recordSale(...args))
  }

  knows(...args: Parameters<Journal['knows']>): boolean {
    return this.#journal.knows(...args)
  }

  wasSent(...args: Parameters<Journal['wasSent']>): boolean {
    return this.#journal.wasSent(...args)
  }

  latestSettledAct(
    ...args: Parameters<Journal['latestSettledAct']>
  ): ReturnType<BuyPorts['journal']['latestSettledAct']> {
    return this.#journal.latestSettledAct(...args)
  }

  unfinishedPurchases(): ReturnType<Journal['unfinishedPurchases']> {
    return this.#journal.unfinishedPurchases()
  }

  unfinishedSales(): ReturnType<Journal['unfinishedSales']> {
    return this.#journal.unfinishedSales()
  }

  #record(write: () => void): void {
    if (this.#isDead) throw new Crash('dead')
    this.records += 1
    const isNow = this.records === this.#plan?.at
    if (isNow) this.#isDead = true
    if (isNow && this.#plan?.when === 'before') throw new Crash('before')
    write()
    if (isNow && this.#depth === 0) throw new Crash('after')
  }
}
