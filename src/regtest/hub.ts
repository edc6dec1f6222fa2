/**
 * The hub of the play-money network: a Lightning node that funds and opens every channel, and forwards at
 * fee 0. Wallets need no coins of their own, and any two of them are two hops apart.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromHex, toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import { LdkNode } from '../wallet/ldk/node.ts'
import type { HubOptions, RunningHub } from './daemon.ts'
import { decodeLine, integerOf, type OpenRequest } from './message.ts'
import { rememberWallet } from './register.ts'
import { HOST, type HubChannel } from './service.ts'
import { writeAtomically } from './state-file.ts'

/** Smallest channel: below this the reserves and fees of a commitment leave too little. */
export const MIN_CAPACITY_SAT = 100_000
/** Largest channel: a coinbase funds some dozens of them. */
export const MAX_CAPACITY_SAT = 100_000_000
/** Most channels with one node. */
export const MAX_CHANNELS_PER_NODE = 24
/** Most channels at all. */
export const MAX_CHANNELS = 1000

/** Part of a channel that stays the hub's: its reserve (1 %) and the fees of the commitment. */
const HUB_SHARE = 0.05
/** Time for a node that asks to connect to the hub as a peer. */
const PEER_TIMEOUT_MS = 15_000

/**
 * Opens the hub as it was left, and listens where it listened.
 * @throws LntError `WRONG_CHAIN`, `BAD_JOURNAL`, `FILE_SYSTEM`
 */
export async function openHub(options: HubOptions): Promise<RunningHub> {
  const { chain, directory, log } = options
  const path = join(directory, 'hub')
  const node = await LdkNode.open({ directory: path, chain, log })
  try {
    const port = await listen(node, join(directory, 'hub.json'))
    return new Hub(node, port, options)
  } catch (cause) {
    await node.close()
    throw cause
  }
}

class Hub implements RunningHub {
  readonly nodeId: string
  readonly port: number
  readonly #node: LdkNode
  readonly #options: HubOptions
  readonly #openings = new Map<string, Promise<void>>()

  constructor(node: LdkNode, port: number, options: HubOptions) {
    this.#node = node
    this.#options = options
    this.nodeId = toHex(node.nodeId)
    this.port = port
  }

  channels(): readonly HubChannel[] {
    return this.#node.channels().map(({ peer, capacitySat, isUsable }) => ({
      nodeId: toHex(peer),
      capacitySat: Number(capacitySat),
      isUsable,
    }))
  }

  open(request: OpenRequest): Promise<void> {
    // Who lost the connection and asks again gets the channel that is under way.
    const running = this.#openings.get(request.nodeId)
    if (running) return running
    const opening = this.#open(request).finally(() => this.#openings.delete(request.nodeId))
    this.#openings.set(request.nodeId, opening)
    return opening
  }

  close(): Promise<void> {
    return this.#node.close()
  }

  async #open(request: OpenRequest): Promise<void> {
    const { faucet, directory } = this.#options
    this.#check(request)
    const peer = fromHex(request.nodeId, 33)
    if (!(await this.#node.until(() => this.#node.isConnected(peer), PEER_TIMEOUT_MS)))
      throw refused('your node is not connected to the hub')
    rememberWallet(directory, request.wallet)
    await this.#node.openChannel({
      peer,
      capacitySat: BigInt(request.capacitySat),
      pushMsat: 1000n * BigInt(request.pushSat),
      fund: (script, amountSat) => faucet.fund(script, amountSat),
    })
  }

  #check({ nodeId, capacitySat, pushSat }: OpenRequest): void {
    if (capacitySat < MIN_CAPACITY_SAT || capacitySat > MAX_CAPACITY_SAT)
      throw refused(`a channel has ${MIN_CAPACITY_SAT} to ${MAX_CAPACITY_SAT} sat`)
    if (pushSat > capacitySat * (1 - HUB_SHARE))
      throw refused(`at least ${100 * HUB_SHARE} % of a channel stay with the hub`)
    const channels = this.channels()
    if (channels.length >= MAX_CHANNELS) throw refused('it has channels enough')
    if (channels.filter((channel) => channel.nodeId === nodeId).length >= MAX_CHANNELS_PER_NODE)
      throw refused('your node has channels enough')
  }
}

/** The same port as the last time, so that wallets find the hub again; another one when it is taken. */
async function listen(node: LdkNode, path: string): Promise<number> {
  const last = lastPort(path)
  const port = await node.listen(HOST, last).catch((err: unknown) => {
    if (last === 0) throw err
    return node.listen(HOST, 0)
  })
  if (port !== last) writeAtomically(path, JSON.stringify({ port }))
  return port
}

function lastPort(path: string): number {
  try {
    return integerOf(decodeLine(readFileSync(path, 'utf8')), 'port', 1, 65_535)
  } catch {
    return 0
  }
}

function refused(why: string): LntError {
  return new LntError({ code: 'REGTEST_FAILED', why: `the hub refuses: ${why}` })
}
