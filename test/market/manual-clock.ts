import type { Clock } from '../../src/core/clock.ts'

/** Most turns that {@link ManualClock.until} waits. */
const MOST_TURNS = 20_000

/** A clock that moves when told. */
export class ManualClock implements Clock {
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

  /** Timers that have not run and were not taken back. */
  get waiting(): number {
    return this.#timers.size
  }

  advance(ms: number): void {
    this.#nowMs += ms
    for (const timer of [...this.#timers].sort((a, b) => a.atMs - b.atMs)) {
      if (timer.atMs > this.#nowMs || !this.#timers.delete(timer)) continue
      timer.run()
    }
  }

  /** Lets time pass, `stepMs` a turn of the event loop, until `done` settles; gives what it gave. */
  async until<T>(done: Promise<T>, stepMs = 50): Promise<T> {
    let isDone = false
    const end = (): void => {
      isDone = true
    }
    done.then(end, end)
    for (let turn = 0; !isDone; turn++) {
      if (turn === MOST_TURNS) throw new Error('it never ended')
      await new Promise((resolve) => setImmediate(resolve))
      if (!isDone && turn > 2) this.advance(stepMs)
    }
    return done
  }
}
