/**
 * Which wallets got channels of this network: `reset` names those that it orphans.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomically } from './state-file.ts'

/** Directories of wallets, in the order in which they came. */
export function readWallets(directory: string): string[] {
  try {
    const wallets: unknown = JSON.parse(readFileSync(join(directory, 'wallets.json'), 'utf8'))
    return Array.isArray(wallets) ? wallets.map(String) : []
  } catch {
    return []
  }
}

/** Remembers a wallet. @throws LntError `FILE_SYSTEM` */
export function rememberWallet(directory: string, wallet: string): void {
  const wallets = readWallets(directory)
  if (wallets.includes(wallet)) return
  writeAtomically(join(directory, 'wallets.json'), JSON.stringify([...wallets, wallet]))
}
