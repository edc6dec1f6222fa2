/**
 * A client of the play-money service: a chain source that lives through restarts of the service, and the
 * way to ask the hub for channels.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { fromHex } from '../core/bytes.ts'
import { hasCode, LntError } from '../core/errors.ts'
import type { Block, ChainSource, Tip } from '../wallet/chain.ts'
import type { Link } from './link.ts'
import {
  booleanOf,
  bytesOf,
  type Fields,
  fieldsOf,
  integerOf,
  listOf,
  type OpenRequest,
  type Request,
  textOf,
} from './message.ts'
import type { HubChannel } from './service.ts'

/** A request that is not answered for so long has failed: it spans a restart of the service. */
export const REQUEST_TIMEOUT_MS = 60_000
/** Pauses between attempts to connect again double from the first to the last. */
const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 2000

/** Where the hub is. */
export interface HubAddress {
  /** Public key, 33 bytes. */
  readonly nodeId: Uint8Array
  readonly host: string
  readonly port: number
}

/** How the network stands. */
export interface RegtestStatus {
  readonly pid: number
  /** Hash of block 1, hex. */
  readonly chainId: string
  readonly height: number
  readonly hub: HubAddress
  readonly channels: readonly HubChannel[]
  /** Clients with the right token, the asking one included. */
  readonly clients: number
}

/** A link that has said hello. */
interface Session {
  readonly link: Link
  readonly chainId: string
  readonly hub: HubAddress
}

/** How a client reaches its service. */
export interface Dial {
  /** Opens a link; called again whenever one has ended. Gives up with the signal. @throws LntError */
  open(signal: AbortSignal): Promise<Link>
  /** What to say in `hello`. */
  token(): string
}

/** A client; {@link close} it. */
export class RegtestClient implements ChainSource {
  readonly chainId: string
  private readonly dial: Dial
  private readonly followers = new Set<{ next: number; onBlock: (block: Block) => void }>()
  private readonly hubListeners = new Set<(hub: HubAddress) => void>()
  private readonly closing = new AbortController()
  private session: Promise<Session>
  private latest: Session

  private constructor(dial: Dial, session: Session) {
    this.dial = dial
    this.chainId = session.chainId
    this.latest = session
    this.session = Promise.resolve(session)
  }

  /**
   * Connects and says hello.
   * @throws LntError `REGTEST_FAILED`, `WALLET_UNAVAILABLE`
   */
  static async connect(dial: Dial, signal: AbortSignal): Promise<RegtestClient> {
    const session = await greet(dial, signal)
    const client = new RegtestClient(dial, session)
    client.listen(session)
    return client
  }

  /** Where the hub was when the service was last heard of. */
  get hub(): HubAddress {
    return this.latest.hub
  }

  /** Calls `listener` after each reconnection: the hub may listen elsewhere. @returns how to stop it */
  onReconnect(listener: (hub: HubAddress) => void): () => void {
    this.hubListeners.add(listener)
    return () => this.hubListeners.delete(listener)
  }

  async tip(): Promise<Tip> {
    const fields = await this.request(() => ({ do: 'tip' }))
    return {
      height: integerOf(fields, 'height', 0, 0xffffffff),
      hash: bytesOf(fields, 'hash', { length: 32 }),
      timeSeconds: integerOf(fields, 'timeSeconds', 0, 0xffffffff),
    }
  }

  async follow(fromHeight: number, onBlock: (block: Block) => void): Promise<void> {
    this.followers.add({ next: Math.max(1, fromHeight), onBlock })
    await this.request(() => this.blocks())
  }

  async broadcast(transaction: Uint8Array): Promise<void> {
    await this.request(() => ({ do: 'broadcast', transaction }))
  }

  /**
   * Asks the hub for a channel that it funds. The node must be connected to the hub.
   * @throws LntError `REGTEST_FAILED` with the hub's reason
   */
  async openChannel(open: OpenRequest): Promise<void> {
    await this.request(() => ({ do: 'open', ...open }))
  }

  async status(): Promise<RegtestStatus> {
    const fields = await this.request(() => ({ do: 'status' }))
    return {
      pid: integerOf(fields, 'pid', 1, Number.MAX_SAFE_INTEGER),
      chainId: textOf(fields, 'chainId', 64),
      height: integerOf(fields, 'height', 0, 0xffffffff),
      hub: hubOf(fields),
      channels: listOf(fields, 'channels').map((channel) => ({
        nodeId: textOf(channel, 'nodeId', 66),
        capacitySat: integerOf(channel, 'capacitySat', 0, Number.MAX_SAFE_INTEGER),
        isUsable: booleanOf(channel, 'isUsable'),
      })),
      clients: integerOf(fields, 'clients', 0, Number.MAX_SAFE_INTEGER),
    }
  }

  /** Mines blocks: only where the service was started for tests. */
  async mine(count: number): Promise<void> {
    await (await this.session).link.request({ do: 'mine', count })
  }

  /** Asks the service to leave. This client goes on looking for it until it is closed. */
  async stop(): Promise<void> {
    await (await this.session).link.request({ do: 'stop' })
  }

  close(): void {
    this.closing.abort()
    this.followers.clear()
    this.latest.link.close()
  }

  /** Asks again on the next link when one ends: for requests that may be repeated. */
  private async request(make: () => Request): Promise<Fields> {
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    for (;;) {
      const { link } = await before(timeout, this.session)
      try {
        return await before(timeout, link.request(make()))
      } catch (err) {
        if (!hasCode(err, 'WALLET_UNAVAILABLE') || this.closing.signal.aborted) throw err
      }
    }
  }

  private blocks(): Request {
    return { do: 'blocks', from: Math.min(...[...this.followers].map(({ next }) => next)) }
  }

  private listen(session: Session): void {
    session.link.listen({
      onBlock: (block) => this.deliver(block),
      onEnd: () => {
        if (this.closing.signal.aborted) return
        this.session = this.resume()
        // Whoever asks next hears of it.
        this.session.catch(() => {})
      },
    })
  }

  private deliver(block: Block): void {
    for (const follower of this.followers) {
      if (follower.next !== block.height) continue
      follower.next += 1
      follower.onBlock(block)
    }
  }

  private async resume(): Promise<Session> {
    const session = await this.redial()
    if (this.closing.signal.aborted) session.link.close()
    if (session.chainId !== this.chainId) {
      session.link.close()
      throw new LntError({ code: 'WRONG_CHAIN', wallet: this.chainId, chain: session.chainId })
    }
    this.latest = session
    this.listen(session)
    // Lost again: the next session asks again.
    if (this.followers.size > 0) session.link.request(this.blocks()).catch(() => {})
    for (const listener of this.hubListeners) listener(session.hub)
    return session
  }

  private async redial(): Promise<Session> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
      await delay(pauseMs, undefined, { signal: this.closing.signal }).catch(() => {})
      if (this.closing.signal.aborted)
        throw new LntError({ code: 'WALLET_UNAVAILABLE', why: 'the client was closed' })
      try {
        return await greet(this.dial, this.closing.signal)
      } catch (err) {
        if (!(err instanceof LntError) && !this.closing.signal.aborted) throw err
      }
    }
  }
}

async function greet(dial: Dial, signal: AbortSignal): Promise<Session> {
  const link = await dial.open(signal)
  try {
    const fields = await link.request({ do: 'hello', token: dial.token() })
    return { link, chainId: textOf(fields, 'chainId', 64), hub: hubOf(fields) }
  } catch (err) {
    link.close()
    throw err
  }
}

function hubOf(fields: Fields): HubAddress {
  const hub = fieldsOf(fields, 'hub')
  return {
    nodeId: fromHex(textOf(hub, 'nodeId', 66), 33),
    host: textOf(hub, 'host', 255),
    port: integerOf(hub, 'port', 1, 65_535),
  }
}

/** Waits for `promise`, but not past the signal. */
function before<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      const why = 'the play-money network does not answer'
      reject(new LntError({ code: 'WALLET_UNAVAILABLE', why }))
    }
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
