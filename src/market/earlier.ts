/**
 * Purchases of earlier runs: what they mean for what is bought now (docs/protocol.md §9).
 * @module
 */
import { toHex } from '../core/bytes.ts'
import type { Purchase } from '../core/purchase.ts'
import type { ShopPorts } from './shop-ports.ts'
import type { Trust } from './trust.ts'

/** States in which money has gone out, or may have. */
const PAID_STATES: readonly Purchase['state'][] = ['paying', 'paid', 'dead', 'opened', 'cheated']

/** What the shop does for them. */
export interface EarlierPorts
  extends Pick<ShopPorts, 'torrent' | 'journal' | 'shelf' | 'resumed' | 'onError'> {
  readonly trust: Trust
  /** One has come to where it stands. Not called any more once `cancel` has aborted. */
  readonly onEnded: (ended: Purchase) => void
  readonly cancel: AbortSignal
}

/** Whoever opened the journal resumes them; the shop only waits. */
export class Earlier {
  readonly #ports: EarlierPorts
  #waiting = 0

  /** Puts them on the shelf. */
  constructor(ports: EarlierPorts) {
    this.#ports = ports
    for (const purchase of ports.journal.purchasesOf(ports.torrent.infoSha256))
      if (PAID_STATES.includes(purchase.state)) this.#remember(purchase)
  }

  /** How many are on their way to an end that comes. */
  get waiting(): number {
    return this.#waiting
  }

  #remember(purchase: Purchase): void {
    const { shelf, trust, resumed, onError } = this.#ports
    const { span, amountMsat, hash, state } = purchase
    const paid = { span, amountMsat }
    shelf.paid(paid)
    if (state === 'cheated') trust.convict({ span, purchase })
    // Without anybody who resumes it, another wallet knows how it ended: neither paid nor failed (money law 3).
    const isOpen = state === 'paying' || state === 'paid'
    if (isOpen) shelf.begin(span)
    const ending = resumed.get(toHex(hash))
    if (!ending) return
    // A dead one ends by a late success or never: another offer may be bought meanwhile.
    if (isOpen) this.#waiting += 1
    const finish = (ended: Purchase): void => {
      if (isOpen) this.#waiting -= 1
      if (this.#ports.cancel.aborted) return
      if (ended.state === 'failed') shelf.unpaid(paid)
      if (isOpen) shelf.end(span)
      this.#ports.onEnded(ended)
    }
    // Whoever resumes it tells of errors; what came of the payment stays unknown then.
    ending.then(finish, () => undefined).catch(onError)
  }
}
