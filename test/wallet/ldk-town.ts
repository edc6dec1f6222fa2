/**
 * A small town of embedded nodes for tests: one play-money chain, one hub, nodes with channels to it.
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal } from '../../src/core/bytes.ts'
import { Chain } from '../../src/regtest/chain.ts'
import { Faucet } from '../../src/regtest/faucet.ts'
import { LdkNode, type NodeOptions } from '../../src/wallet/ldk/node.ts'
import { LdkWallet } from '../../src/wallet/ldk/wallet.ts'

/** How long anything in the town may take, in ms. */
export const TOWN_MS = 30_000

/** Everything that a test of real channels needs. */
export class Town {
  readonly directory: string
  readonly chain: Chain
  readonly faucet: Faucet
  hub: LdkNode
  readonly port: number
  readonly #stopMining: () => void

  private constructor(directory: string, chain: Chain, faucet: Faucet, hub: LdkNode, port: number) {
    this.directory = directory
    this.chain = chain
    this.faucet = faucet
    this.hub = hub
    this.port = port
    this.#stopMining = chain.onWaiting(() => setImmediate(() => chain.mine(1)))
  }

  /** A chain with coins, and a hub that listens. */
  static async build(hubOptions: Partial<NodeOptions> = {}): Promise<Town> {
    const directory = mkdtempSync(join(tmpdir(), 'lnt-town-'))
    const chain = new Chain(join(directory, 'chain'))
    const faucet = new Faucet(chain, join(directory, 'faucet'))
    faucet.refill()
    const hub = await LdkNode.open({ directory: join(directory, 'hub'), chain, ...hubOptions })
    const port = await hub.listen('127.0.0.1', 0)
    return new Town(directory, chain, faucet, hub, port)
  }

  /** Brings the hub back from its directory, on the same port. */
  async restartHub(options: Partial<NodeOptions> = {}): Promise<void> {
    await this.hub.close()
    const directory = join(this.directory, 'hub')
    this.hub = await LdkNode.open({ directory, chain: this.chain, ...options })
    await this.hub.listen('127.0.0.1', this.port)
  }

  /** Opens the wallet `name`, new or again, and connects it to the hub. */
  async wallet(name: string, options: Partial<NodeOptions> = {}): Promise<LdkWallet> {
    const wallet = await LdkWallet.open({
      directory: join(this.directory, name),
      chain: this.chain,
      accepts: (peer) => equal(peer, this.hub.nodeId),
      ...options,
    })
    wallet.node.connect(this.hub.nodeId, '127.0.0.1', this.port)
    return wallet
  }

  /** Has the hub open a channel to a wallet; returns once both ends can use it. */
  async open(wallet: LdkWallet, capacitySat = 1_000_000n, pushMsat = 300_000_000n): Promise<void> {
    await must('connected', this.hub, () => this.hub.isConnected(wallet.nodeId))
    await this.hub.openChannel({
      peer: wallet.nodeId,
      capacitySat,
      pushMsat,
      fund: (script, amountSat) => this.faucet.fund(script, amountSat),
    })
    await this.ready(wallet)
  }

  /** Waits until a wallet can pay and be paid through the hub. */
  async ready(wallet: LdkWallet): Promise<void> {
    const isReady = (node: LdkNode, peer: LdkNode): boolean =>
      node
        .channels()
        .some(
          (channel) =>
            equal(channel.peer, peer.nodeId) && channel.isUsable && channel.hasForwardingInfo,
        )
    await must('wallet ready', wallet.node, () => isReady(wallet.node, this.hub))
    await must('hub ready', this.hub, () => isReady(this.hub, wallet.node))
  }

  /** Ends the hub and the chain, and removes everything. Wallets are closed before. */
  async close(): Promise<void> {
    this.#stopMining()
    await this.hub.close()
    this.chain.close()
    rmSync(this.directory, { recursive: true })
  }
}

/** Waits for something that must happen. */
export async function must(what: string, node: LdkNode, holds: () => boolean): Promise<void> {
  if (!(await node.until(holds, TOWN_MS))) throw new Error(`never happened: ${what}`)
}
