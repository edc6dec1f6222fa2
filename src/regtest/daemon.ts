/**
 * The play-money network as one process runs it: takes the lock, opens chain, faucet and hub, serves,
 * and leaves when asked, when told by a signal, or after idle minutes.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import { readServiceFile, writeServiceFile } from './address.ts'
import { Chain } from './chain.ts'
import { Faucet } from './faucet.ts'
import { claimLock } from './lock.ts'
import { Miner } from './miner.ts'
import { type HubPort, RegtestService } from './service.ts'

/** Leaves after so long without a client. */
export const IDLE_MS = 600_000
/** Exit code of a process that found another one running the network. */
export const LOCK_TAKEN = 3

/** A hub that can be ended. */
export interface RunningHub extends HubPort {
  close(): Promise<void>
}

/** What a hub stands on. */
export interface HubOptions {
  readonly chain: Chain
  readonly faucet: Faucet
  /** Directory of the network; the hub's own is in it. */
  readonly directory: string
  /** Takes LDK's warnings. */
  readonly log: (line: string) => void
}

/** How to run. */
export interface DaemonOptions {
  /** The network's own directory ({@link regtestDirectory}); made when missing. */
  readonly directory: string
  /** Opens the hub of this chain, with its state in `directory`. */
  readonly openHub: (options: HubOptions) => Promise<RunningHub>
  readonly idleMs: number
  /** Whether clients may mine: for tests. */
  readonly canMine: boolean
  /** Port to listen on; without it that of the last time, else any. */
  readonly port?: number
  /** Ends it. */
  readonly signal: AbortSignal
  readonly onLog: (line: string) => void
}

/**
 * Runs the network until it leaves.
 * @returns why: `taken` when another process runs it
 * @throws LntError `REGTEST_FAILED`, `FILE_SYSTEM`
 */
export async function runDaemon(options: DaemonOptions): Promise<'asked' | 'idle' | 'taken'> {
  const { directory, idleMs, canMine, signal, onLog } = options
  makeDirectory(directory)
  const last = readServiceFile(directory)
  const leave = Promise.withResolvers<'asked' | 'idle'>()
  const service = await RegtestService.listen({
    token: last?.token ?? toHex(randomBytes(16)),
    port: options.port ?? last?.port ?? 0,
    idleMs,
    canMine,
    onLeave: leave.resolve,
  })
  const { instance, port, token } = service
  try {
    if (!(await claimLock(directory, { pid: process.pid, port, instance }))) return 'taken'
    const network = await openNetwork(options)
    try {
      service.serve(network)
      writeServiceFile(directory, { pid: process.pid, port, token, instance })
      onLog(`serving chain ${network.chain.chainId} at ${network.chain.height} on port ${port}`)
      signal.addEventListener('abort', () => leave.resolve('asked'), { once: true })
      if (signal.aborted) leave.resolve('asked')
      const why = await leave.promise
      onLog(why === 'idle' ? 'leaving: nobody was here' : 'leaving: asked to')
      // Before the socket closes: clients that lose it see that nobody crashed.
      writeServiceFile(directory, { pid: 0, port, token, instance })
      return why
    } finally {
      service.retire()
      await network.close()
    }
  } finally {
    await service.close()
  }
}

interface Network {
  readonly chain: Chain
  readonly faucet: Faucet
  readonly hub: RunningHub
  close(): Promise<void>
}

async function openNetwork({ directory, openHub, onLog: log }: DaemonOptions): Promise<Network> {
  const chain = new Chain(join(directory, 'blocks.dat'))
  const faucet = new Faucet(chain, join(directory, 'faucet.json'))
  faucet.refill()
  const hub = await openHub({ chain, faucet, directory, log })
  const miner = new Miner(chain)
  const close = async (): Promise<void> => {
    miner.close()
    await hub.close()
    chain.close()
  }
  return { chain, faucet, hub, close }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new LntError({ code: 'FILE_SYSTEM', path, why: String(cause) }, { cause })
  }
}
