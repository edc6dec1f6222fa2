/**
 * Real lntorrent processes with a data directory of their own, followed by their JSON lines.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tape'
import { readBooks, stopRegtest } from '../../src/client.ts'
import type { Books } from '../../src/market/books.ts'
import { LedgerHub } from '../../src/wallet/ledger-hub.ts'
import { type LedgerService, serveLedger } from '../../src/wallet/ledger-service.ts'

/** The launcher, as users start it. */
export const LAUNCHER: string = fileURLToPath(new URL('../../bin/lntorrent.js', import.meta.url))
/** A real video of 20 seconds. */
export const SAMPLE: string = fileURLToPath(new URL('../../src/cli/sample.mp4', import.meta.url))
/** A bound for whatever takes long on a busy machine. */
export const PATIENCE_MS = 60_000

/** One JSON line. */
export type Line = Readonly<Record<string, unknown>>

/** How a process is started, where it matters. */
export interface StartOptions {
  /** The node to start the launcher with. */
  readonly node?: string
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** A running lntorrent. */
export class Running {
  readonly #process: ChildProcess
  readonly #exited: Promise<number | null>
  #onText: () => void = () => {}
  stdout = ''
  stderr = ''

  constructor(args: readonly string[], { node = process.execPath, env, cwd }: StartOptions = {}) {
    this.#process = spawn(node, [LAUNCHER, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(env && { env }),
      ...(cwd !== undefined && { cwd }),
    })
    this.#process.stdout?.on('data', (text: Buffer) => {
      this.stdout += text.toString()
      this.#onText()
    })
    this.#process.stderr?.on('data', (text: Buffer) => {
      this.stderr += text.toString()
    })
    this.#exited = new Promise((resolve) =>
      this.#process.on('close', (code, signal) => resolve(code ?? (signal ? -1 : null))),
    )
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Whole lines of standard output. */
  get texts(): string[] {
    return this.stdout.split('\n').slice(0, -1)
  }

  /** The same as JSON. @throws when a line is none */
  get lines(): Line[] {
    return this.texts.map((text): Line => {
      const value: unknown = JSON.parse(text)
      if (typeof value !== 'object' || value === null) throw new Error(`no object: ${text}`)
      return { ...value }
    })
  }

  /** All lines of an event. */
  events(event: string): Line[] {
    return this.lines.filter((line) => line['event'] === event)
  }

  /** Waits for a line that fits. */
  async until(event: string, fits: (line: Line) => boolean = () => true): Promise<Line> {
    let found: Line | undefined
    await until(`${event} of ${this.pid}`, () => {
      found = this.events(event).find(fits)
      if (found || this.isRunning) return found !== undefined
      throw new Error(`ended without ${event}: ${this.stdout}${this.stderr}`)
    })
    if (!found) throw new Error('not reached')
    return found
  }

  /** Sends a signal the moment that standard output has said this so often, and waits for the end. */
  async signalAt(name: NodeJS.Signals, text: string, times = 1): Promise<number | null> {
    this.#onText = () => {
      if (this.stdout.split(text).length <= times) return
      this.#onText = () => {}
      this.signal(name)
    }
    this.#onText()
    return this.ended()
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  /** Exit code; -1 when a signal ended it. */
  async ended(): Promise<number | null> {
    await until(`the end of ${this.pid} after ${this.stdout.slice(-2000)}`, () => !this.isRunning)
    return this.#exited
  }

  /** Ctrl-C, or another signal, and its end. */
  async stop(name: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    if (this.isRunning) this.signal(name)
    return this.ended()
  }
}

/** A folder, a data directory in it, and the processes of one test. All is gone at its end. */
export class Stage {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'lnt-e2e-'))
  readonly dataDir: string = join(this.dir, 'data')
  readonly #running: Running[] = []
  #ledger: LedgerService | undefined

  constructor(t: Test) {
    t.teardown(async () => {
      await Promise.all(this.#running.map((one) => one.stop('SIGKILL')))
      await this.#ledger?.close()
      await stopRegtest(this.dataDir)
      rmSync(this.dir, { recursive: true, force: true })
    })
  }

  /** A path in the folder. */
  path(...parts: string[]): string {
    return join(this.dir, ...parts)
  }

  /** A file of random bytes. */
  random(name: string, bytes: number): string {
    const path = this.path(name)
    writeFileSync(path, randomBytes(bytes))
    return path
  }

  /** The sample video under a name of its own. */
  film(name = 'film.mp4'): string {
    copyFileSync(SAMPLE, this.path(name))
    return this.path(name)
  }

  /** A wallet address that outlives killed processes. */
  async ledger(): Promise<string> {
    this.#ledger ??= await serveLedger(
      new LedgerHub({ clockSeconds: () => Math.floor(Date.now() / 1000) }),
    )
    return this.#ledger.address
  }

  /** The books of the two profiles that trade by default, once nobody has them open. */
  books(): Books {
    return readBooks(this.dataDir, ['seller', 'viewer']).books
  }

  /** Starts a command as it stands. */
  raw(args: readonly string[], options: StartOptions = {}): Running {
    const running = new Running(args, options)
    this.#running.push(running)
    return running
  }

  /** Starts a command in this data directory, with JSON lines. */
  start(...args: string[]): Running {
    return this.raw([...args, '--data-dir', this.dataDir, '--json'])
  }

  /** The same, paid on the ledger, and known to nobody by multicast. */
  async startOnLedger(...args: string[]): Promise<Running> {
    return this.start(...args, '--wallet', await this.ledger(), '--no-lsd')
  }
}

/** Looks until a condition holds. @throws when it does not in {@link PATIENCE_MS} */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await holds()); ) {
    if (Date.now() > end) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A program on the PATH. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}
