/**
 * When a block is mined: at start, when a transaction waits, and else one a minute. An idle chain would make
 * every new invoice an expired one (a node's clock is the last block); a fast one would burn time locks.
 * @module
 */
import type { Chain } from './chain.ts'

/** Time from one block to the next when nothing waits. */
export const BLOCK_INTERVAL_MS = 60_000
/** Time for transactions that come together to share a block. */
export const GATHER_MS = 50

/** A running miner. */
export class Miner {
  private readonly chain: Chain
  private readonly stopListening: () => void
  private idle: NodeJS.Timeout | undefined
  private gathering: NodeJS.Timeout | undefined

  /** Mines one block at once, then goes on until {@link close}. */
  constructor(chain: Chain) {
    this.chain = chain
    this.stopListening = chain.onWaiting(() => {
      this.gathering ??= setTimeout(() => this.mine(), GATHER_MS)
    })
    this.mine()
  }

  /** Stops. What waits then is mined at the next start. */
  close(): void {
    this.stopListening()
    clearTimeout(this.idle)
    clearTimeout(this.gathering)
  }

  private mine(): void {
    clearTimeout(this.idle)
    clearTimeout(this.gathering)
    this.gathering = undefined
    this.chain.mine(1)
    this.idle = setTimeout(() => this.mine(), BLOCK_INTERVAL_MS)
  }
}
