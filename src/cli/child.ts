/**
 * A lntorrent command in a process of its own, followed by its JSON lines: for the demo.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { LntError } from '../core/errors.ts'

/** One JSON line of a command. */
export type Line = Readonly<Record<string, unknown>>

/** Longest wait for a line or an end, ms. */
const PATIENCE_MS = 60_000

/** A running command. */
export class Child {
  readonly name: string
  readonly #process: ChildProcess
  readonly #lines: Line[] = []
  readonly #exited: Promise<number | null>
  #wake: () => void = () => {}

  /** @param args - of lntorrent; `--json` is added */
  constructor(name: string, args: readonly string[], onLine: (line: Line) => void) {
    this.name = name
    const launcher = process.argv[1] ?? ''
    this.#process = spawn(process.execPath, [launcher, ...args, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#exited = once(this.#process, 'exit').then(([code]: (number | null)[]) => {
      this.#wake()
      return code ?? null
    })
    if (!this.#process.stdout) throw new Error('spawn: no pipe')
    createInterface({ input: this.#process.stdout }).on('line', (text) => {
      const line = parse(text)
      if (!line) return
      this.#lines.push(line)
      onLine(line)
      this.#wake()
    })
  }

  /** The first line of this event. @throws {@link LntError} `REGTEST_FAILED` when the command ends or is too slow */
  async until(event: string): Promise<Line> {
    const endMs = Date.now() + PATIENCE_MS
    for (;;) {
      const found = this.#lines.find((line) => line['event'] === event)
      if (found) return found
      if (this.#process.exitCode !== null || Date.now() > endMs) throw this.#fault(event)
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve
        }),
        new Promise((resolve) => setTimeout(resolve, 1_000).unref()),
      ])
    }
  }

  /** Resolves with the exit code. */
  ended(): Promise<number | null> {
    return this.#exited
  }

  /** Ctrl-C, and waits for the end. */
  async stop(): Promise<number | null> {
    if (this.#process.exitCode === null) this.#process.kill('SIGINT')
    return this.#exited
  }

  #fault(event: string): LntError {
    const last = this.#lines.findLast((line) => line['event'] === 'error')
    const said = last ? String(last['message']) : 'no more was said'
    return new LntError({ code: 'REGTEST_FAILED', why: `${this.name}: no ${event}; ${said}` })
  }
}

function parse(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
