/**
 * The play-money network as a user handles it: run, look, stop, begin anew.
 * @module
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { LntError } from '../core/errors.ts'
import { regtestDirectory } from '../regtest/address.ts'
import { runDaemon } from '../regtest/daemon.ts'
import { resetRegtest as resetNetwork } from '../regtest/life.ts'
import { lockProfile } from '../store/lock.ts'

export { regtestStatus, stopRegtest } from '../regtest/life.ts'

/** A month: run in the foreground it leaves when it is told to, not when it is idle. */
const NEVER_IDLE_MS = 30 * 24 * 3_600_000

/**
 * Runs the network in this process until aborted.
 * @throws {@link LntError} `BAD_INPUT` when it runs already; `REGTEST_FAILED`
 */
export async function runRegtest(
  dataDir: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const ended = await runDaemon({
    directory: regtestDirectory(dataDir),
    openHub: async (options) => (await import('../regtest/hub.ts')).openHub(options),
    idleMs: NEVER_IDLE_MS,
    canMine: false,
    signal,
    onLog: onLine,
  })
  if (ended === 'taken')
    throw new LntError({
      code: 'BAD_INPUT',
      what: 'the play-money network runs already',
      hint: '"lntorrent regtest stop" ends it',
    })
}

/** What a reset did, and a sentence about it. */
export interface PlayMoneyReset {
  /** Wallets of the old chain that are still there. */
  readonly orphans: readonly string[]
  /** Wallets that were forgotten with it. */
  readonly forgotten: readonly string[]
  readonly text: string
}

/**
 * Deletes chain and hub, and with `wallets` the play-money wallets of the profiles. Journals and key rings stay.
 * @throws {@link LntError} `REGTEST_FAILED` while it runs; `PROFILE_LOCKED` while a profile is in use
 */
export async function resetRegtest(dataDir: string, wallets: boolean): Promise<PlayMoneyReset> {
  const { had, orphans: known } = await resetNetwork(dataDir)
  // An earlier reset has left some that the network has forgotten.
  const orphans = [...new Set([...known, ...walletsOf(dataDir)].map((path) => resolve(path)))]
  const forgotten = wallets ? orphans.filter(forget) : []
  const left = orphans.filter((path) => !forgotten.includes(path))
  const parts = [
    had ? 'play money forgotten: the next start makes another chain' : 'there was none',
  ]
  if (forgotten.length > 0) parts.push(`wallets forgotten: ${forgotten.join(', ')}`)
  if (left.length > 0)
    parts.push(`wallets of the old chain are left: ${left.join(', ')}; --wallets forgets them too`)
  return { orphans: left, forgotten, text: parts.join('\n') }
}

/** Wallets of the data directory's profiles. */
function walletsOf(dataDir: string): string[] {
  const profiles = join(dataDir, 'profiles')
  if (!existsSync(profiles)) return []
  return readdirSync(profiles)
    .map((name) => join(profiles, name, 'wallet'))
    .filter((path) => existsSync(path))
}

function forget(walletDir: string): boolean {
  const lock = lockProfile(dirname(walletDir))
  try {
    rmSync(walletDir, { recursive: true, force: true })
    return !existsSync(walletDir)
  } finally {
    lock.release()
  }
}
