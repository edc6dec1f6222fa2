/**
 * A ledger with one hub in the middle: whoever joins is funded by a channel with the hub.
 * @module
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { LntError } from '../core/errors.ts'
import { Ledger } from './ledger.ts'
import type { Channel, Policy } from './ledger-channel.ts'
import type { LedgerNode } from './ledger-node.ts'
import { LedgerWallet } from './ledger-wallet.ts'
import type { Capabilities, Liquidity, Wallet } from './wallet.ts'

/** A wallet of play money: it can ask for more, and for blocks. */
export interface PlayWallet extends Wallet {
  /** Opens one more channel with the hub, with as much to send and to receive. */
  fund(amounts: Liquidity): Promise<void>
  /** Mines blocks on the whole ledger. */
  mine(blocks: number): Promise<void>
}

/** How a hub is set up. */
export interface HubOptions {
  /** Unix seconds, for the dates of invoices. */
  readonly clockSeconds: () => number
  /** What the hub charges; {@link HUB_POLICY} if absent. */
  readonly policy?: Policy
  /** What the wallets can do; everything if absent. */
  readonly can?: Partial<Capabilities>
}

/** lnd's fees (1 sat + 1 ppm), with room for a forward over two hubs within docs/protocol.md §7's limit. */
export const HUB_POLICY: Policy = { feeBaseMsat: 1000n, feePpm: 1n, cltvDelta: 40 }

const HUB_SECRET = sha256(new TextEncoder().encode('lntorrent ledger hub'))

/** Most that one funding may put on either side: 10 bitcoin. */
export const MAX_FUND_MSAT = 1_000_000_000_000n

/** The hub and everybody around it. */
export class LedgerHub {
  readonly ledger: Ledger = new Ledger()
  readonly hub: LedgerNode
  readonly #options: HubOptions

  constructor(options: HubOptions) {
    this.#options = options
    this.hub = this.ledger.addNode({ secretKey: HUB_SECRET })
  }

  /**
   * The node of this key, new or known.
   * @throws {@link LntError} `BAD_INPUT` when it is no secp256k1 secret key
   */
  join(secretKey: Uint8Array): LedgerNode {
    if (!secp256k1.utils.isValidSecretKey(secretKey))
      throw new LntError({ code: 'BAD_INPUT', what: 'the node secret is no secp256k1 key' })
    const { can } = this.#options
    const known = this.ledger.node(secp256k1.getPublicKey(secretKey, true))
    return known ?? this.ledger.addNode({ secretKey, ...(can && { can }) })
  }

  /** Opens a channel between a node and the hub. */
  fund(node: LedgerNode, { sendableMsat, receivableMsat }: Liquidity): Channel {
    const farPolicy = this.#options.policy ?? HUB_POLICY
    const draft = { nearMsat: sendableMsat, farMsat: receivableMsat, farPolicy }
    return this.ledger.openChannel(node, this.hub, draft)
  }

  /** A wallet for a node. Any number of them may be open. */
  wallet(node: LedgerNode): PlayWallet {
    return new HubWallet(this, node, this.#options.clockSeconds)
  }
}

class HubWallet extends LedgerWallet implements PlayWallet {
  readonly #hub: LedgerHub
  readonly #node: LedgerNode

  constructor(hub: LedgerHub, node: LedgerNode, clockSeconds: () => number) {
    super({ ledger: hub.ledger, node, clockSeconds })
    this.#hub = hub
    this.#node = node
  }

  async fund(amounts: Liquidity): Promise<void> {
    this.#hub.fund(this.#node, amounts)
  }

  async mine(blocks: number): Promise<void> {
    this.#hub.ledger.mine(blocks)
  }
}
