/**
 * Whose word still counts: a publisher key or a delegate key that has lied is not bought from again (docs/protocol.md §10).
 * @module
 */
import { toHex } from '../core/bytes.ts'
import type { Bargain, Purchase } from '../core/purchase.ts'
import { openKey } from './opening.ts'

/** A lie that was found: a key that is not what was promised, or a piece that is not. */
export interface Lie {
  /** What the purchase was for, or the leaf whose piece misses its commitment. */
  readonly span: number
  /** The row, now `cheated`; none when the key was given away, or is our own. */
  readonly purchase?: Purchase
  /** The publisher's own: nothing of this torrent is bought any more. A delegate's otherwise. */
  readonly isPublishers: boolean
}

/** The verdicts on one torrent's publisher and its delegates. */
export class Trust {
  readonly #delegates = new Set<string>()
  #isPublisherGood = true

  /** Whether anything of this torrent may be bought at all. */
  get isPublisherGood(): boolean {
    return this.#isPublisherGood
  }

  /** Whether an offer rests on a word that still counts. */
  believes({ endorsement }: Pick<Bargain, 'endorsement'>): boolean {
    const dk = endorsement?.delegate?.dk
    return this.#isPublisherGood && !(dk && this.#delegates.has(toHex(dk)))
  }

  /**
   * A lie was found. A delegate answers for the wrap of kind 4 that it signed itself; for everything else,
   * coupons, derived keys and plaintext, the publisher does.
   */
  convict(found: Omit<Lie, 'isPublishers'>): Lie {
    const { purchase } = found
    const dk = purchase?.kind === 4 ? purchase.endorsement?.delegate?.dk : undefined
    const preimage = purchase?.preimage
    const isDelegates = purchase && dk && preimage && !openKey(purchase, preimage).good
    if (isDelegates) this.#delegates.add(toHex(dk))
    else this.#isPublisherGood = false
    return { ...found, isPublishers: !isDelegates }
  }
}
