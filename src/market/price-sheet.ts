/**
 * Tells every peer the terms, at once and at each change, never faster than a peer accepts (docs/protocol.md §8).
 * @module
 */
import type { Terms } from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { Bucket } from '../core/bucket.ts'
import type { Clock } from '../core/clock.ts'
import { TERMS_SENT } from '../core/limits.ts'

interface Reader {
  readonly peer: TradePeer
  readonly bucket: Bucket
  /** Takes back the timer of terms that had to wait. */
  stopWaiting: (() => void) | undefined
}

/** The readers of one price sheet. */
export class PriceSheet {
  readonly #clock: Clock
  readonly #terms: () => Terms
  readonly #readers = new Map<string, Reader>()

  /** @param terms - the sheet as it stands when it is sent */
  constructor(clock: Clock, terms: () => Terms) {
    this.#clock = clock
    this.#terms = terms
  }

  /** A peer has come: it is told at once. */
  opened(peer: TradePeer): void {
    this.closed(peer)
    const bucket = new Bucket(TERMS_SENT, this.#clock.nowMs())
    const reader = { peer, bucket, stopWaiting: undefined }
    this.#readers.set(peer.id, reader)
    this.#tell(reader)
  }

  /** A peer has left. */
  closed(peer: TradePeer): void {
    this.#readers.get(peer.id)?.stopWaiting?.()
    this.#readers.delete(peer.id)
  }

  /** The terms have changed. Changes that come too fast are told together. */
  changed(): void {
    for (const reader of this.#readers.values()) if (!reader.stopWaiting) this.#tell(reader)
  }

  /** Forgets every reader. */
  close(): void {
    for (const { peer } of this.#readers.values()) this.closed(peer)
  }

  #tell(reader: Reader): void {
    const now = this.#clock.nowMs()
    const terms = this.#terms()
    // A peer with nothing to sell sends none.
    if (terms.kinds.length === 0) return
    if (reader.bucket.take(now)) {
      reader.peer.send(terms)
      return
    }
    reader.stopWaiting = this.#clock.after(reader.bucket.waitMs(now), () => {
      reader.stopWaiting = undefined
      this.#tell(reader)
    })
  }
}
