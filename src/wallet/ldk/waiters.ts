/**
 * Whoever waits for the end of something, by its key.
 * @module
 */
import type { LntError } from '../../core/errors.ts'

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

/** Waits that end with a value, an abort, or the end of everything. */
export class Waiters<T> {
  readonly #waiters = new Map<string, Set<Waiter<T>>>()

  /** Waits for the next {@link resolve} of `key`; rejects with the signal's reason. */
  wait(key: string, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(key) ?? new Set()
      this.#waiters.set(key, waiters)
      const leave = (): void => {
        signal.removeEventListener('abort', abort)
        waiters.delete(waiter)
        if (waiters.size === 0 && this.#waiters.get(key) === waiters) this.#waiters.delete(key)
      }
      const abort = (): void => waiter.reject(signal.reason)
      const waiter: Waiter<T> = {
        resolve: (value) => {
          leave()
          resolve(value)
        },
        reject: (reason) => {
          leave()
          reject(reason)
        },
      }
      waiters.add(waiter)
      signal.addEventListener('abort', abort)
    })
  }

  resolve(key: string, value: T): void {
    for (const waiter of this.#waiters.get(key) ?? []) waiter.resolve(value)
  }

  rejectAll(error: LntError): void {
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.reject(error)
  }
}
