/**
 * Questions to one peer and their answers: ids, time-outs, crossings (docs/protocol.md §8 "Ids").
 * @module
 */
import type { Ask, GetRecords, Offer, Records, Reject } from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import type { Clock } from '../core/clock.ts'
import { LntError } from '../core/errors.ts'

/** Longest wait for an offer, ms. A forwarder asks upstream first; a publisher answers in well under 1 s. */
export const OFFER_TIMEOUT_MS = 10_000

/** Longest wait for record rows, ms. */
export const ROWS_TIMEOUT_MS = 10_000

/** Ids whose answer may still cross our cancel or time-out. Older ones count as answers to nothing asked. */
const MAX_LATE = 256

type Question = Omit<Ask, 'id' | 'type'> | Omit<GetRecords, 'id' | 'type'>
/** What came back; `timeout` also when the peer left. */
export type Answer = Offer | Records | Reject | 'timeout'

interface Waiting {
  readonly wants: 'offer' | 'records'
  readonly answer: (answer: Answer) => void
  readonly stopTimer: () => void
}

/** The questions open with one peer. Lives as long as the peer. */
export class Asks {
  readonly #peer: TradePeer
  readonly #clock: Clock
  readonly #waiting = new Map<number, Waiting>()
  readonly #late = new Set<number>()
  /** Asks that were answered by an offer: in use until {@link free}. */
  readonly #offered = new Set<number>()
  #nextId = 1
  #isClosed = false

  constructor(peer: TradePeer, clock: Clock) {
    this.#peer = peer
    this.#clock = clock
  }

  /** Questions that are not answered yet. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Asks for an offer. Resolves with the offer, the refusal, or `timeout` (then a cancel was sent). */
  ask(question: Omit<Ask, 'id' | 'type'>): Promise<{ id: number; answer: Answer }> {
    return this.#put('offer', question, OFFER_TIMEOUT_MS)
  }

  /** Asks for record rows. */
  getRecords(question: Omit<GetRecords, 'id' | 'type'>): Promise<{ id: number; answer: Answer }> {
    return this.#put('records', question, ROWS_TIMEOUT_MS)
  }

  /** The offer is no longer wanted: says so, and forgets the id. */
  cancel(id: number): void {
    if (!this.#offered.delete(id)) return
    this.#peer.send({ type: 'cancel', id })
  }

  /** The offer came to its end (settled, or its time is over): the id may be used again. */
  free(id: number): void {
    this.#offered.delete(id)
  }

  /**
   * Takes an answer from the peer.
   * @throws {@link LntError} `BAD_PEER` when nothing was asked under this id
   */
  received(answer: Offer | Records | Reject): void {
    const waiting = this.#waiting.get(answer.id)
    if (!waiting || (answer.type !== 'reject' && answer.type !== waiting.wants)) {
      if (this.#late.has(answer.id)) return
      throw new LntError({ code: 'BAD_PEER', why: `${answer.type} to nothing asked` })
    }
    this.#waiting.delete(answer.id)
    waiting.stopTimer()
    if (answer.type === 'offer') this.#offered.add(answer.id)
    waiting.answer(answer)
  }

  /** The peer has left: nothing will be answered any more. */
  close(): void {
    this.#isClosed = true
    for (const { answer, stopTimer } of this.#waiting.values()) {
      stopTimer()
      answer('timeout')
    }
    this.#waiting.clear()
    this.#offered.clear()
  }

  #put(
    wants: Waiting['wants'],
    question: Question,
    timeoutMs: number,
  ): Promise<{ id: number; answer: Answer }> {
    const id = this.#freshId()
    if (this.#isClosed) return Promise.resolve({ id, answer: 'timeout' })
    return new Promise((resolve) => {
      const stopTimer = this.#clock.after(timeoutMs, () => {
        this.#waiting.delete(id)
        this.#rememberLate(id)
        if (wants === 'offer') this.#peer.send({ type: 'cancel', id })
        resolve({ id, answer: 'timeout' })
      })
      const answer = (given: Answer) => resolve({ id, answer: given })
      this.#waiting.set(id, { wants, answer, stopTimer })
      if ('nonce' in question) this.#peer.send({ type: 'ask', id, ...question })
      else this.#peer.send({ type: 'getrecords', id, ...question })
    })
  }

  #freshId(): number {
    do this.#nextId = (this.#nextId + 1) % 2 ** 32
    while (
      this.#waiting.has(this.#nextId) ||
      this.#offered.has(this.#nextId) ||
      this.#late.has(this.#nextId)
    )
    return this.#nextId
  }

  #rememberLate(id: number): void {
    this.#late.add(id)
    const [oldest] = this.#late
    if (this.#late.size > MAX_LATE && oldest !== undefined) this.#late.delete(oldest)
  }
}
