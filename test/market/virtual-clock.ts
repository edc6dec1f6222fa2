/**
 * A clock for tests: time passes only when it is told to.
 * @module
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/core/clock.ts'

/** A clock that stands still until it is told. */
export class VirtualClock implements Clock {
  #nowMs = 1_800_000_000_000
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Lets time pass: what is due by then runs in order. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs)
      const [next] = due.sort((a, b) => a.atMs - b.atMs)
      if (!next) break
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
    }
    this.#nowMs = untilMs
  }

  /** Lets time pass in small steps, with a turn of the event loop before each: what waits can begin to wait. */
  async run(ms: number): Promise<void> {
    const steps = 20
    for (let i = 0; i < steps; i++) {
      await turn()
      this.pass(ms / steps)
    }
    await turn()
  }

  get timers(): number {
    return this.#timers.size
  }
}
