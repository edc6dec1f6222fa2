/**
 * The system's clock.
 * @module
 */
import type { Clock } from '../core/clock.ts'

/** Longest delay that a Node timer takes, ms. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** Wall clock and timers of this process. A timer does not keep a finished process alive. */
export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, MAX_DELAY_MS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
