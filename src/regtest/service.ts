/**
 * The play-money service: a TCP server on 127.0.0.1 through which wallets follow the chain and ask the hub
 * for channels. It is heard before it can answer, so that its port can stand in the lock.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Block } from '../wallet/chain.ts'
import type { Chain } from './chain.ts'
import { type Answers, Connection } from './connection.ts'
import type { Faucet } from './faucet.ts'
import { type OpenRequest, type Request, VERSION } from './message.ts'

/** Only this machine can reach it. */
export const HOST = '127.0.0.1'
/** Longest time that a timer can wait; whoever wants to wait longer never leaves. */
const MAX_IDLE_MS = 2 ** 31 - 1
/** Most clients at once. */
export const MAX_CLIENTS = 64

/** A channel of the hub. */
export interface HubChannel {
  /** The node at its other end, hex. */
  readonly nodeId: string
  readonly capacitySat: number
  /** Funded, confirmed, and its peer is connected. */
  readonly isUsable: boolean
}

/** What the service needs of the hub. */
export interface HubPort {
  /** Public key, hex. */
  readonly nodeId: string
  /** Where it listens, on {@link HOST}. */
  readonly port: number
  channels(): readonly HubChannel[]
  /** Opens a channel. @returns once it can be used @throws LntError `REGTEST_FAILED` */
  open(request: OpenRequest): Promise<void>
}

/** What a service serves. */
export interface Parts {
  readonly chain: Chain
  readonly faucet: Faucet
  readonly hub: HubPort
}

/** How a service behaves. */
export interface ServiceOptions {
  readonly token: string
  /** Port to try first; 0, or a taken one, means any. */
  readonly port: number
  /** Leaves after so long without a client; infinity means never. */
  readonly idleMs: number
  /** Whether clients may ask for blocks: for tests. */
  readonly canMine: boolean
  /** Asked to leave, or idle. */
  readonly onLeave: (why: 'asked' | 'idle') => void
}

/** A running service. */
export class RegtestService implements Answers {
  /** Names this run of the service, hex. */
  readonly instance: string = toHex(randomBytes(16))
  readonly ready: Promise<Parts>
  private readonly options: ServiceOptions
  private readonly server: Server
  private readonly connections = new Set<Connection>()
  private parts: Parts | undefined
  private setReady: (parts: Parts) => void = () => {}
  private stopListening: () => void = () => {}
  private idleTimer: NodeJS.Timeout | undefined

  private constructor(options: ServiceOptions) {
    this.options = options
    this.ready = new Promise((resolve) => {
      this.setReady = resolve
    })
    this.server = createServer((socket) => {
      const connection = new Connection(socket, this)
      if (this.connections.size >= MAX_CLIENTS) return connection.fail('too many clients')
      this.connections.add(connection)
      clearTimeout(this.idleTimer)
      socket.on('close', () => {
        this.connections.delete(connection)
        this.watchIdle()
      })
    })
  }

  /** Listens; clients are heard, and answered after {@link serve}. */
  static async listen(options: ServiceOptions): Promise<RegtestService> {
    const service = new RegtestService(options)
    for (const port of [options.port, 0]) {
      try {
        service.server.listen(port, HOST)
        await once(service.server, 'listening')
        break
      } catch (cause) {
        if (port === 0) throw cannotListen(cause)
      }
    }
    return service
  }

  get port(): number {
    const address = this.server.address()
    return isAddress(address) ? address.port : 0
  }

  get token(): string {
    return this.options.token
  }

  /** Begins to answer. */
  serve(parts: Parts): void {
    this.parts = parts
    this.stopListening = parts.chain.onBlock(() => {
      for (const connection of this.connections) connection.sendBlocks()
    })
    this.setReady(parts)
    this.watchIdle()
  }

  height(): number {
    return this.parts?.chain.height ?? 0
  }

  block(height: number): Block {
    return this.mustServe().chain.block(height)
  }

  async answer(request: Request, connection: Connection): Promise<object> {
    const { chain, hub, faucet } = this.mustServe()
    switch (request.do) {
      case 'hello': {
        const { nodeId, port } = hub
        const { chainId, height } = chain
        return { version: VERSION, chainId, height, hub: { nodeId, host: HOST, port } }
      }
      case 'tip': {
        const { height, hash, timeSeconds } = chain.tipNow()
        return { height, hash: toHex(hash), timeSeconds }
      }
      case 'blocks':
        await connection.follow(request.from)
        return { height: chain.height }
      case 'broadcast':
        return { id: chain.accept(request.transaction) }
      case 'open':
        await hub.open(request)
        return {}
      case 'status':
        return this.status()
      case 'mine':
        if (!this.options.canMine) throw failed('mining on request is for tests')
        chain.mine(request.count, faucet.script)
        return { height: chain.height }
      case 'stop':
        // After the answer has left.
        setImmediate(() => this.options.onLeave('asked'))
        return {}
    }
  }

  /** Disconnects everybody and answers no more, but goes on listening: the lock stays ours. */
  retire(): void {
    this.parts = undefined
    this.stopListening()
    clearTimeout(this.idleTimer)
    for (const connection of this.connections) connection.close()
  }

  /** Disconnects everybody and stops listening. */
  async close(): Promise<void> {
    this.retire()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private status(): object {
    const { chain, hub } = this.mustServe()
    const { chainId, height } = chain
    return {
      pid: process.pid,
      chainId,
      height,
      hub: { nodeId: hub.nodeId, host: HOST, port: hub.port },
      channels: hub.channels(),
      clients: [...this.connections].filter(({ isKnown }) => isKnown).length,
    }
  }

  private watchIdle(): void {
    if (this.connections.size > 0 || !this.server.listening || !this.parts) return
    clearTimeout(this.idleTimer)
    const { idleMs, onLeave } = this.options
    if (idleMs <= MAX_IDLE_MS) this.idleTimer = setTimeout(() => onLeave('idle'), idleMs)
  }

  private mustServe(): Parts {
    if (!this.parts) throw failed('it is starting or leaving')
    return this.parts
  }
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}

function cannotListen(cause: unknown): LntError {
  const why = `cannot listen on ${HOST}: ${String(cause)}`
  return new LntError({ code: 'REGTEST_FAILED', why }, { cause })
}

function failed(why: string): LntError {
  return new LntError({ code: 'REGTEST_FAILED', why })
}
