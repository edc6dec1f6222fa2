/**
 * Finding, starting, stopping and forgetting the play-money network of a data directory.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs'
import { extname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { hasCode, LntError } from '../core/errors.ts'
import { type Address, readServiceFile, regtestDirectory } from './address.ts'
import { RegtestClient, type RegtestStatus } from './client.ts'
import { IDLE_MS, LOCK_TAKEN } from './daemon.ts'
import { Link } from './link.ts'
import { claimLock, isLockFile, lockOwner } from './lock.ts'
import { logPath, logTail } from './log.ts'
import { readWallets } from './register.ts'
import { RegtestService } from './service.ts'

/** Time for a network to start: LDK's WASM and a long chain on a busy machine. */
export const START_TIMEOUT_MS = 60_000
/** Time for it to leave when asked: the hub writes its state. */
export const STOP_TIMEOUT_MS = 20_000
/** Between two looks. */
const POLL_MS = 50
/** For what cannot be told to end. */
const NEVER = new AbortController().signal

/** Which network, and how to start it when it does not run. */
export interface LifeOptions {
  readonly dataDir: string
  readonly signal?: AbortSignal
  /** One line for the user about what takes time. */
  readonly onProgress?: (line: string) => void
  /** For tests: leave sooner. */
  readonly idleMs?: number
  /** For tests: clients may mine. */
  readonly canMine?: boolean
}

/**
 * Connects to the network of the data directory; starts it, detached, when it does not run.
 * Should it crash, the client starts it again; not when it was stopped.
 * @throws LntError `REGTEST_FAILED` with the end of its log
 */
export async function joinRegtest(options: LifeOptions): Promise<RegtestClient> {
  const directory = regtestDirectory(options.dataDir)
  if (!(await isServing(directory))) {
    options.onProgress?.('starting the play-money network')
    await start(directory, options)
  }
  const open = async (signal: AbortSignal): Promise<Link> => {
    if (!(await isServing(directory)) && hasCrashed(directory))
      await start(directory, { ...options, signal })
    return Link.open(addressOf(directory))
  }
  const token = (): string => addressOf(directory).token
  return RegtestClient.connect({ open, token }, options.signal ?? NEVER)
}

/** Connects to the network that runs at an address; never starts one. @throws LntError */
export function connectRegtest(address: Address): Promise<RegtestClient> {
  return RegtestClient.connect(
    { open: () => Link.open(address), token: () => address.token },
    NEVER,
  )
}

/** How the network of the data directory stands; undefined when it does not run. @throws LntError */
export async function regtestStatus(dataDir: string): Promise<RegtestStatus | undefined> {
  const directory = regtestDirectory(dataDir)
  if (!(await isServing(directory))) return undefined
  const client = await connectRegtest(addressOf(directory))
  try {
    return await client.status()
  } finally {
    client.close()
  }
}

/**
 * Stops the network of the data directory, and waits until it has left.
 * @returns whether it ran
 * @throws LntError `REGTEST_FAILED` when it does not leave
 */
export async function stopRegtest(dataDir: string): Promise<boolean> {
  const directory = regtestDirectory(dataDir)
  const held = () => isHeld(directory)
  if (!(await held())) return false
  // It may be starting, or leaving already.
  await until(async () => !(await held()) || (await isServing(directory)), START_TIMEOUT_MS)
  if (await isServing(directory)) {
    const client = await connectRegtest(addressOf(directory))
    await client.stop().finally(() => client.close())
  }
  await until(async () => !(await held()), STOP_TIMEOUT_MS)
  return true
}

/** What a reset did. */
export interface Reset {
  /** Whether there was a network at all. */
  readonly had: boolean
  /** Wallets whose money went with it: their directories, where they still are. */
  readonly orphans: readonly string[]
}

/**
 * Deletes chain and hub of the data directory: the next start makes another chain.
 * @throws LntError `BAD_INPUT` when it runs
 */
export async function resetRegtest(dataDir: string): Promise<Reset> {
  const directory = regtestDirectory(dataDir)
  if (!existsSync(directory)) return { had: false, orphans: [] }
  const guard = await RegtestService.listen({
    token: '',
    port: 0,
    idleMs: IDLE_MS,
    canMine: false,
    onLeave: () => {},
  })
  try {
    const { port, instance } = guard
    if (!(await claimLock(directory, { pid: process.pid, port, instance })))
      throw new LntError({
        code: 'BAD_INPUT',
        what: 'the play-money network is running',
        hint: '"lntorrent regtest stop" ends it',
      })
    const orphans = readWallets(directory).filter((path) => existsSync(path))
    const files = readdirSync(directory).filter((name) => !isLockFile(name))
    for (const name of files) rmSync(join(directory, name), { recursive: true, force: true })
    return { had: files.length > 0, orphans }
  } finally {
    await guard.close()
  }
}

/** Starts a process and waits until somebody serves; of several that start at once one stays. */
async function start(directory: string, options: LifeOptions): Promise<void> {
  let { child, logStart } = launch(directory, options)
  const end = Date.now() + START_TIMEOUT_MS
  while (!(await isServing(directory))) {
    options.signal?.throwIfAborted()
    if (hasFailed(child) || Date.now() > end) {
      const what = hasFailed(child) ? 'it did not start' : 'it does not get ready'
      throw failed(`${what}; the end of ${logPath(directory)}:\n${logTail(directory, logStart)}`)
    }
    // The one that had the lock was about to leave.
    if (child.exitCode === LOCK_TAKEN && !(await isHeld(directory)))
      ({ child, logStart } = launch(directory, options))
    await delay(POLL_MS)
  }
}

function hasFailed({ exitCode, signalCode }: ChildProcess): boolean {
  return signalCode !== null || (exitCode !== null && exitCode !== LOCK_TAKEN)
}

function launch(
  directory: string,
  options: LifeOptions,
): { child: ChildProcess; logStart: number } {
  const { idleMs = IDLE_MS, canMine = false } = options
  const entry = new URL(`./main${extname(import.meta.url)}`, import.meta.url)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const log = openSync(logPath(directory), 'a', 0o600)
    try {
      const logStart = fstatSync(log).size
      const args = ['--directory', directory, '--idle-ms', String(idleMs)]
      // Its own session: a Ctrl-C for us is not for it.
      const child = spawn(
        process.execPath,
        [fileURLToPath(entry), ...args, ...(canMine ? ['--can-mine'] : [])],
        { detached: true, cwd: directory, stdio: ['ignore', log, log], windowsHide: true },
      )
      child.on('error', () => {})
      child.unref()
      return { child, logStart }
    } finally {
      closeSync(log)
    }
  } catch (cause) {
    throw new LntError({ code: 'FILE_SYSTEM', path: directory, why: String(cause) }, { cause })
  }
}

/** Whether the service that the file names is there. */
async function isServing(directory: string): Promise<boolean> {
  const file = readServiceFile(directory)
  if (!file || file.pid === 0) return false
  try {
    const link = await Link.open(file)
    link.close()
    return true
  } catch (err) {
    if (hasCode(err, 'WALLET_UNAVAILABLE')) return false
    throw err
  }
}

/** @throws LntError `REGTEST_FAILED` when it does not come true in time */
async function until(condition: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await condition()); await delay(POLL_MS))
    if (Date.now() > end) throw failed('it was asked to stop and does not')
}

async function isHeld(directory: string): Promise<boolean> {
  return existsSync(directory) && (await lockOwner(directory)) !== undefined
}

/** A service that leaves in good order says so in its file. */
function hasCrashed(directory: string): boolean {
  const file = readServiceFile(directory)
  return file !== undefined && file.pid !== 0
}

function addressOf(directory: string): Address {
  const file = readServiceFile(directory)
  if (!file) throw failed(`there is no ${join(directory, 'service.json')}`)
  return file
}

function failed(why: string): LntError {
  return new LntError({ code: 'REGTEST_FAILED', why })
}
