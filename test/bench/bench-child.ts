/**
 * A role of a benchmark in a process of its own: prints one JSON line when it is ready or done.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** One JSON line of a role. */
export type Report = Readonly<Record<string, unknown>>

/** A running role. */
export interface Role {
  readonly child: ChildProcess
  /** Its first line. */
  readonly report: Promise<Report>
  /** Ends it and waits. */
  stop(): Promise<void>
}

/** Starts `node FILE ROLE ARGS…`. */
export function startRole(file: string, ...args: string[]): Role {
  const child = spawn(
    process.execPath,
    [...(process.env['BENCH_NODE_ARGS']?.split(' ') ?? []), fileURLToPath(file), ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = once(child, 'exit')
  const report = new Promise<Report>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (text) => resolve(JSON.parse(text)))
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)))
  })
  return {
    child,
    report,
    stop: async () => {
      if (child.exitCode === null) child.kill('SIGTERM')
      await ended
    },
  }
}

/** The middle one. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
