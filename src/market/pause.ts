/**
 * Waiting on a clock that may be virtual, with an end.
 * @module
 */
import type { Clock } from '../core/clock.ts'

/** First pause before a wallet is asked again, ms. */
const FIRST_MS = 250
/** Longest pause before a wallet is asked again, ms: a block is found every ten minutes. */
const LONGEST_MS = 30_000

/** Resolves after `delayMs`, or as soon as `signal` aborts. Never rejects. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      takeBack()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const takeBack = clock.after(delayMs, end)
    signal.addEventListener('abort', end, { once: true })
  })
}

/** How long to wait before the next try, ms: doubles from a quarter of a second to half a minute. */
export function backOffMs(tries: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries, 10))
}

/** Resolves as soon as `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
