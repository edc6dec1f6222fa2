/**
 * Serves a ledger over TCP on 127.0.0.1, from a process that outlives its clients: a client that is killed
 * finds its holds and payments again.
 * @module
 */
import { createServer, type Server, type Socket } from 'node:net'
import { LntError } from '../core/errors.ts'
import { type LedgerHub, MAX_FUND_MSAT, type PlayWallet } from './ledger-hub.ts'
import {
  decodeLine,
  encodeError,
  encodeLine,
  MAX_LINE_CHARS,
  onLines,
  type Reader,
  type Sendable,
} from './ledger-wire.ts'

/** Requests that one client may have open at once. */
const MAX_OPEN = 4096
/** Clients at once. */
const MAX_CLIENTS = 256
/** Blocks that one request may mine: more than any CLTV limit. */
const MAX_MINE = 2016
/** Beyond any height or delta that makes sense, and safe to add. */
const MAX_HEIGHT = 2 ** 31
/** 21 million bitcoin. */
const MAX_MSAT = 2_100_000_000_000_000_000n

/** A ledger that is being served. */
export interface LedgerService {
  /** `ledger://127.0.0.1:PORT`, for `openLedgerWallet`. */
  readonly address: string
  /** Drops all clients and stops. The ledger itself lives on in its hub. */
  close(): Promise<void>
}

/**
 * Starts to serve.
 * @param port - 0 for any that is free
 * @throws {@link LntError} `PORT_IN_USE`
 */
export async function serveLedger(hub: LedgerHub, port = 0): Promise<LedgerService> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    if (sockets.size >= MAX_CLIENTS) return void socket.destroy()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    new Session(hub, socket)
  })
  await listen(server, port)
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('ledger: no TCP address')
  return {
    address: `ledger://127.0.0.1:${bound.port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new LntError({ code: 'PORT_IN_USE', port }, { cause }))
    })
    server.listen(port, '127.0.0.1', () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

/** One connection. Its first request says who it is. */
class Session {
  readonly #hub: LedgerHub
  readonly #socket: Socket
  readonly #open = new Map<number, AbortController>()
  #wallet: PlayWallet | undefined

  constructor(hub: LedgerHub, socket: Socket) {
    this.#hub = hub
    this.#socket = socket
    // The other end vanishing is no error of ours; 'close' follows.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#end())
    onLines(socket, (line) => void this.#serve(line))
  }

  #end(): void {
    for (const wait of this.#open.values()) wait.abort()
    void this.#wallet?.close()
  }

  async #serve(line: string): Promise<void> {
    let id: number
    let request: Reader
    try {
      if (line.length > MAX_LINE_CHARS) throw new LntError({ code: 'BAD_MESSAGE', why: 'long' })
      request = decodeLine(line)
      id = request.integer('id', 0, Number.MAX_SAFE_INTEGER)
    } catch {
      this.#socket.destroy()
      return
    }
    if (this.#open.has(id) || this.#open.size >= MAX_OPEN) return void this.#socket.destroy()
    const wait = new AbortController()
    this.#open.set(id, wait)
    const reply = await this.#answer(request, wait.signal).then(
      (ok) => ({ id, ok }),
      (err: unknown) => replyOf(id, err),
    )
    this.#open.delete(id)
    if (!this.#socket.destroyed) this.#socket.write(encodeLine(reply))
  }

  async #answer(request: Reader, signal: AbortSignal): Promise<Sendable> {
    const verb = request.text('do')
    if (verb === 'hello') return this.#hello(request)
    if (verb === 'drop') return this.#drop(request)
    if (this.#wallet === undefined) throw new LntError({ code: 'BAD_MESSAGE', why: 'no hello' })
    return answer(this.#wallet, verb, request, signal)
  }

  #hello(request: Reader): Sendable {
    if (this.#wallet !== undefined)
      throw new LntError({ code: 'BAD_MESSAGE', why: 'a second hello' })
    const wallet = this.#hub.wallet(this.#hub.join(request.bytes('secret', 32)))
    this.#wallet = wallet
    return { nodeId: wallet.nodeId, network: wallet.network, can: { ...wallet.can } }
  }

  /** The client does not wait any more; what it waited for goes on. */
  #drop(request: Reader): Sendable {
    this.#open.get(request.integer('target', 0, Number.MAX_SAFE_INTEGER))?.abort()
    return true
  }
}

function replyOf(id: number, err: unknown): { readonly [key: string]: Sendable } {
  if (err instanceof LntError) return { id, error: encodeError(err) }
  // A wait that its client dropped or left: nobody reads this.
  if (err instanceof DOMException && err.name === 'AbortError') return { id, ok: false }
  throw err
}

type Verb = (wallet: PlayWallet, request: Reader, signal: AbortSignal) => Promise<Sendable>

const VERBS: Readonly<Record<string, Verb>> = {
  height: (wallet) => wallet.height(),
  liquidity: async (wallet) => ({ ...(await wallet.liquidity()) }),
  hold: (wallet, request) =>
    wallet.hold({
      hash: request.bytes('hash', 32),
      amountMsat: positive(request.msat('amountMsat', MAX_MSAT)),
      descriptionHash: request.bytes('descriptionHash', 32),
      cltvDelta: request.integer('cltvDelta', 1, MAX_HEIGHT),
    }),
  lookupHold: (wallet, request) => wallet.lookupHold(request.bytes('hash', 32)),
  waitHold: (wallet, request, signal) => wallet.waitHold(request.bytes('hash', 32), signal),
  settle: (wallet, request) => wallet.settle(request.bytes('preimage', 32)),
  cancel: (wallet, request) => wallet.cancel(request.bytes('hash', 32)),
  pay: (wallet, request, signal) =>
    wallet.pay(
      {
        invoice: request.text('invoice'),
        feeLimitMsat: request.msat('feeLimitMsat', MAX_MSAT),
        expiryLimitHeight: request.integer('expiryLimitHeight', 0, MAX_HEIGHT),
      },
      signal,
    ),
  track: (wallet, request) => wallet.track(request.bytes('hash', 32)),
  isQuiet: (wallet, request) => wallet.isQuiet(request.bytes('hash', 32)),
  mine: async (wallet, request) => {
    await wallet.mine(request.integer('blocks', 1, MAX_MINE))
    return true
  },
  fund: async (wallet, request) => {
    await wallet.fund({
      sendableMsat: request.msat('sendableMsat', MAX_FUND_MSAT),
      receivableMsat: request.msat('receivableMsat', MAX_FUND_MSAT),
    })
    return true
  },
}

async function answer(
  wallet: PlayWallet,
  verb: string,
  request: Reader,
  signal: AbortSignal,
): Promise<Sendable> {
  const act = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined
  if (act === undefined) throw new LntError({ code: 'BAD_MESSAGE', why: `do: ${verb}` })
  return act(wallet, request, signal)
}

function positive(amountMsat: bigint): bigint {
  if (amountMsat < 1n) throw new LntError({ code: 'BAD_MESSAGE', why: 'amountMsat' })
  return amountMsat
}
