/**
 * Nonces of asks, on any connection: an ask that comes round again is a loop (docs/protocol.md §8).
 * @module
 */
import { toHex } from '../core/bytes.ts'
import { MOST_NONCES, NONCE_MS } from '../core/limits.ts'

/** Remembers nonces for an hour, at most 65,536 of them: the oldest go first. */
export class Nonces {
  /** Hex to when it came, ms. A Map keeps the order of arrival. */
  readonly #cameAtMs = new Map<string, number>()

  /**
   * Notes a nonce.
   * @returns whether it was new
   */
  isNew(nonce: Uint8Array, nowMs: number): boolean {
    const hex = toHex(nonce)
    this.#forget(nowMs)
    if (this.#cameAtMs.has(hex)) return false
    this.#cameAtMs.set(hex, nowMs)
    return true
  }

  /** How many are remembered. */
  get size(): number {
    return this.#cameAtMs.size
  }

  #forget(nowMs: number): void {
    for (const [hex, atMs] of this.#cameAtMs) {
      if (this.#cameAtMs.size < MOST_NONCES && nowMs - atMs < NONCE_MS) return
      this.#cameAtMs.delete(hex)
    }
  }
}
