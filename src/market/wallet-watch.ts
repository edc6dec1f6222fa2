/**
 * Whether the wallet answers: selling pauses while it does not, and goes on by itself when it is back.
 * @module
 */
import type { Clock } from '../core/clock.ts'
import { WALLET_WAIT_MS } from '../core/limits.ts'
import type { Wallet } from '../wallet/wallet.ts'

/** Watches without a timer: the first ask after the wait tries the wallet, before it can cost a coupon. */
export class WalletWatch {
  readonly #wallet: Pick<Wallet, 'height'>
  readonly #clock: Pick<Clock, 'nowMs'>
  /** When the wallet may be tried again, unix ms; undefined while it answers. */
  #tryAtMs: number | undefined

  constructor(wallet: Pick<Wallet, 'height'>, clock: Pick<Clock, 'nowMs'>) {
    this.#wallet = wallet
    this.#clock = clock
  }

  /** The wallet did not answer. */
  lost(): void {
    this.#tryAtMs = this.#clock.nowMs() + WALLET_WAIT_MS
  }

  /** How long to wait before asking for anything that needs the wallet, ms; 0 for no longer. */
  waitMs(): number {
    return Math.max(0, (this.#tryAtMs ?? 0) - this.#clock.nowMs())
  }

  /**
   * Makes sure that the wallet answers, if it did not when it was last asked.
   * @throws LntError `WALLET_UNAVAILABLE`
   */
  async ready(): Promise<void> {
    if (this.#tryAtMs === undefined) return
    await this.#wallet.height()
    this.#tryAtMs = undefined
  }
}
