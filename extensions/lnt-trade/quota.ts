/**
 * What a peer may send of the messages that nothing answers: beyond it is dropped (docs/protocol.md §8).
 * @module
 */
import { Bucket } from '../../src/core/bucket.ts'
import { LntError } from '../../src/core/errors.ts'
import { CANCEL_RATE, EVIDENCE_RATE, MAX_EVIDENCE, TERMS_RATE } from './limits.ts'
import type { Message } from './message.ts'

/** The counters of one connection. Asks and getrecords are the market's to count: it can reject them. */
export class Quota {
  readonly #terms: Bucket
  readonly #cancels: Bucket
  readonly #evidence: Bucket
  #evidenceLeft = MAX_EVIDENCE

  constructor(nowMs: number) {
    this.#terms = new Bucket(TERMS_RATE, nowMs)
    this.#cancels = new Bucket(CANCEL_RATE, nowMs)
    this.#evidence = new Bucket(EVIDENCE_RATE, nowMs)
  }

  /**
   * Counts a message that came in.
   * @throws {@link LntError} `BAD_PEER` when it is one too many
   */
  count(type: Message['type'], nowMs: number): void {
    if (!this.#allows(type, nowMs))
      throw new LntError({ code: 'BAD_PEER', why: `too many messages: ${type}` })
  }

  #allows(type: Message['type'], nowMs: number): boolean {
    switch (type) {
      case 'terms':
        return this.#terms.take(nowMs)
      case 'cancel':
        return this.#cancels.take(nowMs)
      case 'evidence':
        this.#evidenceLeft -= 1
        return this.#evidenceLeft >= 0 && this.#evidence.take(nowMs)
      default:
        return true
    }
  }
}
