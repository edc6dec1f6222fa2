/**
 * Remembers sellers that behaved badly and left, so that a new connection does not wash them clean.
 * @module
 */
import { toHex } from '../core/bytes.ts'
import type { Clock } from '../core/clock.ts'
import { NEW_SELLER, type Score } from '../core/score.ts'

/** How long a grudge is kept, ms. Ours: longer than the longest rest, shorter than a film. */
export const GRUDGE_MS = 600_000
/** Most grudges kept; the oldest go first. Ours. */
export const MOST_GRUDGES = 512
/** Longest rest that is carried over to the same address bucket, ms. */
const ADDRESS_REST_MS = 60_000
/** Longest rest that is carried over to the same node, ms: terms can name anybody's, to bring it into disrepute. */
const NODE_REST_MS = 2_000

/** Who a peer is beyond its connection. */
export interface Identity {
  /** Bucket of its address. Costs something to change. */
  readonly address: string
  /** Lightning node of its terms. On loopback, where each connection has an address bucket of its own, all there is. */
  readonly node?: Uint8Array
}

interface Grudge {
  readonly score: Score
  readonly untilMs: number
}

/** Strikes of sellers that left, by address bucket and by Lightning node. */
export class Grudges {
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #kept = new Map<string, Grudge>()

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
  }

  /** A seller leaves. */
  keep(who: Identity, { strikes, restUntilMs }: Score): void {
    if (strikes === 0) return
    const nowMs = this.#clock.nowMs()
    for (const { name, mostRestMs } of namesOf(who)) {
      const score = {
        ...NEW_SELLER,
        strikes,
        restUntilMs: Math.min(restUntilMs, nowMs + mostRestMs),
      }
      this.#kept.delete(name)
      this.#kept.set(name, { score, untilMs: nowMs + GRUDGE_MS })
    }
    for (const name of this.#kept.keys()) {
      if (this.#kept.size <= MOST_GRUDGES) break
      this.#kept.delete(name)
    }
  }

  /** What a seller that nobody has tried on this connection begins with. */
  scoreOf(who: Identity): Score {
    const nowMs = this.#clock.nowMs()
    let worst = NEW_SELLER
    for (const { name } of namesOf(who)) {
      const grudge = this.#kept.get(name)
      if (grudge && grudge.untilMs > nowMs && grudge.score.strikes > worst.strikes)
        worst = grudge.score
    }
    return worst
  }
}

interface Name {
  readonly name: string
  readonly mostRestMs: number
}

function namesOf({ address, node }: Identity): Name[] {
  const byAddress = { name: `address ${address}`, mostRestMs: ADDRESS_REST_MS }
  return node ? [byAddress, { name: `node ${toHex(node)}`, mostRestMs: NODE_REST_MS }] : [byAddress]
}
