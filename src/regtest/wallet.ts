/**
 * A wallet on the play-money network, ready to trade: the network found or started, an embedded node on its
 * chain, connected to the hub, with a channel, and never out of money.
 * @module
 */
import { resolve } from 'node:path'
import { equal } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Network } from '../core/network.ts'
import { LdkWallet } from '../wallet/ldk/wallet.ts'
import type {
  Capabilities,
  Hold,
  HoldRequest,
  Liquidity,
  Payment,
  PayRequest,
  Tracked,
  Wallet,
} from '../wallet/wallet.ts'
import { readServiceFile, regtestDirectory } from './address.ts'
import type { RegtestClient } from './client.ts'
import { Funding, type Role } from './funding.ts'
import { connectRegtest, joinRegtest, type LifeOptions } from './life.ts'

/** Environment variable with the token of a network that is named by its address. */
export const TOKEN_VARIABLE = 'LNTORRENT_REGTEST_TOKEN'

/** Which wallet to open. */
export interface RegtestWalletOptions extends LifeOptions {
  /** `regtest:` (default) finds or starts that of `dataDir`; `regtest://127.0.0.1:PORT` finds only. */
  readonly address?: string
  /** The wallet's own directory, made if need be. One process at a time: the caller's lock sees to that. */
  readonly walletDir: string
  readonly role: Role
}

/**
 * Opens a wallet, new or as it was left.
 * @throws LntError `WRONG_CHAIN` when it belongs to another chain; `REGTEST_FAILED`, `WALLET_UNAVAILABLE`,
 *   `UNKNOWN_WALLET`, `FILE_SYSTEM`, `BAD_JOURNAL`; or the signal's reason
 */
export async function openRegtestWallet(options: RegtestWalletOptions): Promise<Wallet> {
  const { walletDir, role, signal, onProgress } = options
  const client = await clientOf(options)
  // What waits for an answer of the network then fails at once.
  const stop = (): void => client.close()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    signal?.throwIfAborted()
    const wallet = await LdkWallet.open({
      directory: walletDir,
      chain: client,
      accepts: (peer) => equal(peer, client.hub.nodeId),
    })
    const funding = new Funding({ node: wallet.node, client, role, wallet: resolve(walletDir) })
    try {
      const call = ({ nodeId, host, port } = client.hub) => wallet.node.connect(nodeId, host, port)
      call()
      client.onReconnect(call)
      onProgress?.('waiting for a channel with play money')
      await funding.start(signal)
      return new RegtestWallet(wallet, client, funding)
    } catch (cause) {
      await wallet.close()
      throw cause
    }
  } catch (cause) {
    client.close()
    signal?.throwIfAborted()
    throw cause
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** The embedded node's wallet, which closes what keeps it funded when it is closed. */
class RegtestWallet implements Wallet {
  readonly can: Capabilities
  readonly network: Network
  readonly nodeId: Uint8Array
  readonly #wallet: LdkWallet
  readonly #client: RegtestClient
  readonly #funding: Funding

  constructor(wallet: LdkWallet, client: RegtestClient, funding: Funding) {
    this.can = wallet.can
    this.network = wallet.network
    this.nodeId = wallet.nodeId
    this.#wallet = wallet
    this.#client = client
    this.#funding = funding
  }

  height(): Promise<number> {
    return this.#wallet.height()
  }

  liquidity(): Promise<Liquidity> {
    return this.#wallet.liquidity()
  }

  hold(request: HoldRequest): Promise<string> {
    return this.#wallet.hold(request)
  }

  lookupHold(hash: Uint8Array): Promise<Hold> {
    return this.#wallet.lookupHold(hash)
  }

  waitHold(hash: Uint8Array, signal: AbortSignal): Promise<Hold> {
    return this.#wallet.waitHold(hash, signal)
  }

  settle(preimage: Uint8Array): Promise<'settled' | 'gone'> {
    return this.#wallet.settle(preimage)
  }

  cancel(hash: Uint8Array): Promise<'cancelled' | 'settled'> {
    return this.#wallet.cancel(hash)
  }

  pay(request: PayRequest, signal: AbortSignal): Promise<Payment> {
    return this.#wallet.pay(request, signal)
  }

  track(hash: Uint8Array): Promise<Tracked> {
    return this.#wallet.track(hash)
  }

  isQuiet(hash: Uint8Array): Promise<boolean> {
    return this.#wallet.isQuiet(hash)
  }

  async close(): Promise<void> {
    const funded = this.#funding.close()
    await this.#wallet.close()
    this.#client.close()
    await funded
  }
}

function clientOf(options: RegtestWalletOptions): Promise<RegtestClient> {
  const { address = 'regtest:', dataDir } = options
  if (address === 'regtest:') return joinRegtest(options)
  const port = Number(/^regtest:\/\/127\.0\.0\.1:(\d{1,5})\/?$/.exec(address)?.[1] ?? 0)
  if (port < 1 || port > 65_535) throw new LntError({ code: 'UNKNOWN_WALLET', address })
  const token = process.env[TOKEN_VARIABLE] ?? readServiceFile(regtestDirectory(dataDir))?.token
  if (token === undefined) {
    const why = `nobody told the token of ${address}: set ${TOKEN_VARIABLE}`
    throw new LntError({ code: 'REGTEST_FAILED', why })
  }
  return connectRegtest({ port, token })
}
