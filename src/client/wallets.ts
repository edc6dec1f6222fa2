/**
 * `--wallet` URLs: which network they mean, and how the wallet behind one is opened.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromHex, toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Network } from '../core/network.ts'
import { openLedgerWallet } from '../wallet/ledger-client.ts'
import type { Wallet } from '../wallet/wallet.ts'
import type { Tell } from './events.ts'
import type { ClientOptions } from './settings.ts'

/** What a new wallet on a ledger gets to play with, each way. */
const LEDGER_FUNDS_MSAT = 1_000_000_000n

/** Addresses by scheme. Later: `lnd:`. */
const SCHEMES = {
  regtest: /^regtest:(?:\/\/127\.0\.0\.1:(\d{1,5})\/?)?$/,
  ledger: /^ledger:(?:\/\/127\.0\.0\.1:(\d{1,5})\/?)?$/,
} as const

/** What opening a wallet needs of its session. */
export interface WalletSession {
  readonly tell: Tell
  readonly signal: AbortSignal
}

/**
 * Network of a wallet address; known before the wallet is up, for the handshakes with peers.
 * @throws {@link LntError} `UNKNOWN_WALLET`
 */
export function networkOf(address: string): Network {
  schemeOf(address)
  return 'regtest'
}

/** Whether the address means play money. */
export function isPlayMoney(address: string): boolean {
  return networkOf(address) === 'regtest'
}

/** Opens the wallet of a profile. @throws {@link LntError} of the adapter */
export async function openWallet(
  { wallet: address, dataDir, profile }: ClientOptions,
  profileDir: string,
  { tell, signal }: WalletSession,
): Promise<Wallet> {
  if (schemeOf(address) === 'ledger') return openLedger(address, profileDir)
  // 12 MB of WASM and 1,500 modules: a torrent is served before they are loaded.
  const { openRegtestWallet } = await import('../regtest/wallet.ts')
  return openRegtestWallet({
    dataDir,
    address,
    walletDir: join(profileDir, 'wallet'),
    role: profile === 'seller' ? 'seller' : 'viewer',
    signal,
    onProgress: (text) => tell({ event: 'note', text }),
  })
}

function schemeOf(address: string): keyof typeof SCHEMES {
  const fits = (form: RegExp): boolean => {
    const [isIt, port = '1'] = form.exec(address) ?? []
    return isIt !== undefined && Number(port) >= 1 && Number(port) <= 65_535
  }
  if (fits(SCHEMES.regtest)) return 'regtest'
  if (fits(SCHEMES.ledger)) return 'ledger'
  throw new LntError({ code: 'UNKNOWN_WALLET', address })
}

/** The same secret finds the same holds and payments after a restart. */
async function openLedger(address: string, profileDir: string): Promise<Wallet> {
  const path = join(profileDir, 'ledger-secret')
  const nodeSecret = await readFile(path, 'utf8').then(
    (text) => fromHex(text.trim(), 32),
    () => undefined,
  )
  const secret = nodeSecret ?? new Uint8Array(randomBytes(32))
  if (!nodeSecret) await writeFile(path, `${toHex(secret)}\n`, { mode: 0o600, flag: 'wx' })
  const wallet = await openLedgerWallet(address, { nodeSecret: secret })
  const { sendableMsat, receivableMsat } = await wallet.liquidity()
  if (sendableMsat + receivableMsat === 0n)
    await wallet.fund({ sendableMsat: LEDGER_FUNDS_MSAT, receivableMsat: LEDGER_FUNDS_MSAT })
  return wallet
}
