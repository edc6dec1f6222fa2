/**
 * Time as a dependency: the client passes the system's, the simulator a virtual one.
 * @module
 */

/** Wall clock and timers. */
export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number
  /** Calls `run` once after `delayMs`; the returned function takes that back. */
  after(delayMs: number, run: () => void): () => void
}
