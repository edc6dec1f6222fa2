/**
 * A play-money network of the tests' own, detached as in life, and processes that use it.
 * @module
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tape'
import { readServiceFile, regtestDirectory } from '../../src/regtest/address.ts'
import type { RegtestClient } from '../../src/regtest/client.ts'
import type { Role } from '../../src/regtest/funding.ts'
import { joinRegtest, stopRegtest } from '../../src/regtest/life.ts'
import { openRegtestWallet } from '../../src/regtest/wallet.ts'
import type { Payment, Wallet } from '../../src/wallet/wallet.ts'

/** A bound for whatever takes long on a busy machine. */
export const PATIENCE_MS = 60_000

/** A data directory whose network is stopped, and gone, at the end of the test. */
export class Town {
  readonly dataDir: string = mkdtempSync(join(tmpdir(), 'lnt-town-'))
  readonly #open: { close(): Promise<void> | void }[] = []

  constructor(t: Test) {
    t.teardown(async () => {
      for (const thing of this.#open) await thing.close()
      await stopRegtest(this.dataDir)
      rmSync(this.dataDir, { recursive: true })
    })
  }

  get directory(): string {
    return regtestDirectory(this.dataDir)
  }

  /** Process of the service, as its file says. */
  get pid(): number {
    return readServiceFile(this.directory)?.pid ?? 0
  }

  async client(options: { idleMs?: number } = {}): Promise<RegtestClient> {
    const { dataDir } = this
    const client = await joinRegtest({ dataDir, canMine: true, ...options })
    this.#open.push(client)
    return client
  }

  walletDir(role: Role): string {
    return join(this.dataDir, 'profiles', role, 'wallet')
  }

  async wallet(role: Role, address = 'regtest:'): Promise<Wallet> {
    const { dataDir } = this
    const walletDir = this.walletDir(role)
    const wallet = await openRegtestWallet({ dataDir, address, walletDir, role, canMine: true })
    this.#open.push(wallet)
    return wallet
  }

  /** Kills the service, and waits until the next one serves: its clients start it. */
  async kill(): Promise<void> {
    const before = this.pid
    process.kill(before, 'SIGKILL')
    await until(() => this.pid !== before)
  }
}

/** Looks until a condition holds. @throws when it does not in {@link PATIENCE_MS} */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await holds()); ) {
    if (Date.now() > end) throw new Error(`never: ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Whether a process lives. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A process of one of the scripts beside this file. */
export class Actor {
  readonly child: ChildProcessByStdio<null, Readable, null>
  readonly #lines: AsyncIterator<string>

  /** Starts it as the leader of a group of its own, as a shell does. */
  constructor(t: Test, script: string, ...args: string[]) {
    const path = fileURLToPath(new URL(script, import.meta.url))
    const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit']
    this.child = spawn(process.execPath, [path, ...args], { detached: true, stdio })
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
    t.teardown(() => this.child.kill('SIGKILL'))
  }

  /** The next line that it says. */
  async hear(): Promise<string> {
    const { value } = await this.#lines.next()
    if (typeof value !== 'string') throw new Error('it ended')
    return value
  }

  /** Kills it, or its whole group as Ctrl-C does. */
  async kill(signal: NodeJS.Signals, group = false): Promise<void> {
    const ended = once(this.child, 'exit')
    const { pid = 0 } = this.child
    process.kill(group ? -pid : pid, signal)
    await ended
  }
}

/** A secret that a seller may sell. */
export function secret(): { preimage: Uint8Array; hash: Uint8Array } {
  const preimage = new Uint8Array(randomBytes(32))
  return { preimage, hash: new Uint8Array(createHash('sha256').update(preimage).digest()) }
}

/** Makes a hold invoice as the market does. */
export function offer(seller: Wallet, hash: Uint8Array, amountMsat: bigint): Promise<string> {
  const descriptionHash = new Uint8Array(32).fill(3)
  return seller.hold({ hash, amountMsat, descriptionHash, cltvDelta: 144 })
}

/** Pays an invoice with limits that do not matter. */
export async function pay(viewer: Wallet, invoice: string): Promise<Payment> {
  const expiryLimitHeight = (await viewer.height()) + 1000
  const request = { invoice, feeLimitMsat: 1000n, expiryLimitHeight }
  return viewer.pay(request, AbortSignal.timeout(PATIENCE_MS))
}

/** Sells one secret. @returns how the payment and the hold ended */
export async function sell(
  seller: Wallet,
  viewer: Wallet,
  amountMsat: bigint,
  whenHeld: () => Promise<void> = async () => {},
): Promise<[string, string]> {
  const { preimage, hash } = secret()
  const paid = pay(viewer, await offer(seller, hash, amountMsat))
  await seller.waitHold(hash, AbortSignal.timeout(PATIENCE_MS))
  await whenHeld()
  const settled = await seller.settle(preimage)
  return [(await paid).status, settled]
}
