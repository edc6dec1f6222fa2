/**
 * Who waits for which payment hash of the ledger to change.
 * @module
 */

/** Callbacks by payment hash, in hex. */
export class Watchers {
  readonly #byHash = new Map<string, Set<() => void>>()

  /** Calls `onChange` at each change, until the returned function is called. */
  watch(hashHex: string, onChange: () => void): () => void {
    const watchers = this.#byHash.get(hashHex) ?? new Set()
    this.#byHash.set(hashHex, watchers.add(onChange))
    return () => {
      watchers.delete(onChange)
      if (watchers.size === 0 && this.#byHash.get(hashHex) === watchers)
        this.#byHash.delete(hashHex)
    }
  }

  /** Tells all who watch this hash. */
  notify(hashHex: string): void {
    for (const onChange of Array.from(this.#byHash.get(hashHex) ?? [])) onChange()
  }
}

/**
 * Waits until `read` gives something, looking again at each change.
 * Rejects with the signal's reason when it is aborted.
 */
export function whenChanged<T>(
  watch: (onChange: () => void) => () => void,
  read: () => T | undefined,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const look = (): boolean => {
      const value = read()
      if (value === undefined) return false
      stop()
      resolve(value)
      return true
    }
    const onAbort = (): void => {
      stop()
      // oxlint-disable-next-line promise/prefer-promise-reject-errors -- the reason is the caller's own
      reject(signal.reason)
    }
    const unwatch = watch(look)
    const stop = (): void => {
      unwatch()
      signal.removeEventListener('abort', onAbort)
    }
    if (look()) return
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
}
