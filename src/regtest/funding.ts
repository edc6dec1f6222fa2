/**
 * Keeps a wallet in channels: asks the hub for one when there is none, and for a larger one when what
 * can be sent or received runs low. Play money does not end.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { equal, toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Channel } from '../wallet/ldk/channels.ts'
import type { LdkNode } from '../wallet/ldk/node.ts'
import type { RegtestClient } from './client.ts'

/** What a wallet is for: a viewer sends, a seller receives; both can do a little of the other. */
export type Role = 'viewer' | 'seller'

/** First channel by role: its size, and what is the wallet's own from the start. */
export const FIRST_CHANNEL: Readonly<
  Record<Role, { readonly capacitySat: number; readonly pushSat: number }>
> = {
  viewer: { capacitySat: 1_000_000, pushSat: 500_000 },
  seller: { capacitySat: 1_000_000, pushSat: 50_000 },
}

/** Each further channel is twice the one before, up to this. */
const LAST_CAPACITY_SAT = 64_000_000
/** Below this part of the first channel, what a role needs runs low. */
const LOW_PART = 0.2
/** Between two looks at the balance. */
const LOOK_MS = 2000
/** Time for the hub to be there as a peer. */
const HUB_TIMEOUT_MS = 30_000
/** Time for a channel that exists to become usable before another one is asked for. */
const CHANNEL_TIMEOUT_MS = 20_000

/** What funding acts on. */
export interface FundingPorts {
  readonly node: LdkNode
  readonly client: RegtestClient
  readonly role: Role
  /** Directory of the wallet, for the hub's register. */
  readonly wallet: string
}

/** Sees to the channels of one wallet. */
export class Funding {
  readonly #ports: FundingPorts
  readonly #closing = new AbortController()
  #watching: Promise<void> | undefined

  constructor(ports: FundingPorts) {
    this.#ports = ports
  }

  /**
   * Waits for a channel that can be used, asks for one when there is none, then goes on watching.
   * @throws LntError `WALLET_UNAVAILABLE` when the hub is not there; `REGTEST_FAILED` when it refuses
   */
  async start(signal?: AbortSignal): Promise<void> {
    const { node, client } = this.#ports
    if (!(await within(node, () => node.isConnected(client.hub.nodeId), HUB_TIMEOUT_MS, signal)))
      throw unavailable('the hub of the play-money network does not answer')
    if (this.#channels().length > 0)
      await within(node, () => this.#isReady(), CHANNEL_TIMEOUT_MS, signal)
    if (!this.#isReady()) {
      await this.#open()
      if (!(await within(node, () => this.#isReady(), CHANNEL_TIMEOUT_MS, signal)))
        throw unavailable('the channel with the hub does not become usable')
    }
    this.#watching = this.#watch()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#watching
  }

  async #watch(): Promise<void> {
    const { signal } = this.#closing
    for (;;) {
      await delay(LOOK_MS, undefined, { signal, ref: false }).catch(() => {})
      if (signal.aborted) return
      if (!this.#isLow()) continue
      // The hub may be away or restarting: there is another look soon.
      await this.#open().catch((err: unknown) => {
        if (!(err instanceof LntError)) throw err
      })
    }
  }

  /** Judged only while every channel can tell: one that is away or coming is not a lack of money. */
  #isLow(): boolean {
    const { role } = this.#ports
    const channels = this.#channels()
    if (!channels.every(({ isUsable }) => isUsable)) return false
    const leftMsat = channels.reduce(
      (sum, { sendableMsat, receivableMsat }) =>
        sum + (role === 'viewer' ? sendableMsat : receivableMsat),
      0n,
    )
    const { capacitySat, pushSat } = FIRST_CHANNEL[role]
    const neededSat = role === 'viewer' ? pushSat : capacitySat
    return Number(leftMsat) < 1000 * LOW_PART * neededSat
  }

  async #open(): Promise<void> {
    const { client, node, role, wallet } = this.#ports
    const first = FIRST_CHANNEL[role]
    const largestSat = Math.max(
      0,
      ...this.#channels().map(({ capacitySat }) => Number(capacitySat)),
    )
    const capacitySat = Math.min(Math.max(first.capacitySat, 2 * largestSat), LAST_CAPACITY_SAT)
    const pushSat = Math.floor((first.pushSat / first.capacitySat) * capacitySat)
    await client.openChannel({ nodeId: toHex(node.nodeId), capacitySat, pushSat, wallet })
  }

  #isReady(): boolean {
    return this.#channels().some(({ isUsable, hasForwardingInfo }) => isUsable && hasForwardingInfo)
  }

  #channels(): Channel[] {
    const { node, client } = this.#ports
    return node
      .channels()
      .filter(({ peer, isClosing }) => !isClosing && equal(peer, client.hub.nodeId))
  }
}

/** As {@link LdkNode.until}, but ended by the signal. @throws the signal's reason */
async function within(
  node: LdkNode,
  holds: () => boolean,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const kick = () => node.kick()
  signal?.addEventListener('abort', kick, { once: true })
  try {
    const held = await node.until(() => signal?.aborted === true || holds(), timeoutMs)
    signal?.throwIfAborted()
    return held
  } finally {
    signal?.removeEventListener('abort', kick)
  }
}

function unavailable(why: string): LntError {
  return new LntError({ code: 'WALLET_UNAVAILABLE', why })
}
