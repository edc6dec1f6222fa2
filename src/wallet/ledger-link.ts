/**
 * A connection to the ledger's service that comes back by itself: requests that are safe to repeat survive it.
 * @module
 */
import { connect, type Socket } from 'node:net'
import { LntError } from '../core/errors.ts'
import {
  decodeError,
  decodeLine,
  encodeLine,
  onLines,
  type Reader,
  type Sendable,
} from './ledger-wire.ts'

/** How long a lost connection is tried again, in ms, before calls fail. */
const RECONNECT_MS = 10_000
/** Pause between two tries, in ms. */
const RETRY_MS = 50

/** A request and its fields. */
export type Request = { readonly do: string; readonly [key: string]: Sendable }

interface Open {
  readonly line: string
  /** Whether it may be sent again over a new connection. */
  readonly isRepeatable: boolean
  readonly resolve: (reply: Reader) => void
  readonly reject: (err: unknown) => void
}

/** One link. Calls made while it is down are sent when it is up again. */
export class LedgerLink {
  readonly #port: number
  readonly #hello: Request
  readonly #open = new Map<number, Open>()
  #socket: Socket | undefined
  /** A connection that has not said hello yet. */
  #dialling: Socket | undefined
  #retry: NodeJS.Timeout | undefined
  #lastId = 0
  #isClosed = false
  #downSinceMs = 0

  private constructor(port: number, hello: Request) {
    this.#port = port
    this.#hello = hello
  }

  /**
   * Connects and says who we are.
   * @returns the link and the reply to `hello`, whose value is under `ok`
   * @throws {@link LntError} `WALLET_UNAVAILABLE`
   */
  static async open(port: number, hello: Request): Promise<{ link: LedgerLink; reply: Reader }> {
    const link = new LedgerLink(port, hello)
    return { link, reply: await link.#connect() }
  }

  /**
   * Sends a request and waits for its reply, whose value is under `ok`.
   * @throws the service's error, `WALLET_UNAVAILABLE`, or the signal's reason
   */
  async call(request: Request, isRepeatable: boolean, signal?: AbortSignal): Promise<Reader> {
    signal?.throwIfAborted()
    const id = ++this.#lastId
    const onAbort = (): void => {
      this.#open.get(id)?.reject(signal?.reason)
      if (this.#open.delete(id)) this.#write({ id: ++this.#lastId, do: 'drop', target: id })
    }
    signal?.addEventListener('abort', onAbort)
    try {
      return await new Promise<Reader>((resolve, reject) => {
        if (this.#isClosed) throw unavailable('closed')
        const line = encodeLine({ ...request, id })
        this.#open.set(id, { line, isRepeatable, resolve, reject })
        if (this.#socket !== undefined) this.#socket.write(line)
        else if (this.#retry === undefined) this.#reconnect()
      })
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Ends the link; open calls fail. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    this.#fail(() => true, unavailable('closed'))
    const socket = this.#socket ?? this.#dialling
    this.#socket = undefined
    if (socket === undefined || socket.destroyed) return
    await new Promise((resolve) => {
      socket.once('close', resolve)
      socket.destroy()
    })
  }

  #connect(): Promise<Reader> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#port, '127.0.0.1')
      this.#dialling = socket
      socket.setNoDelay(true)
      socket.setTimeout(RECONNECT_MS, () => void (isUp || socket.destroy()))
      let cause: unknown
      let isUp = false
      socket.on('error', (err) => (cause = err))
      socket.once('connect', () => socket.write(encodeLine({ ...this.#hello, id: 0 })))
      socket.once('close', () => {
        if (isUp) this.#onDown(socket)
        else reject(unavailable('the ledger cannot be reached', cause))
      })
      onLines(socket, (line) => {
        const reply = this.#read(socket, line)
        if (isUp || reply === undefined) return
        isUp = true
        if (reply.has('error')) {
          socket.destroy()
          reject(errorOf(reply))
          return
        }
        this.#onUp(socket)
        resolve(reply)
      })
    })
  }

  /** Gives a reply to whom it belongs; the reply to `hello` comes back. Nonsense ends the connection. */
  #read(socket: Socket, line: string): Reader | undefined {
    try {
      const reply = decodeLine(line)
      const id = reply.integer('id', 0, Number.MAX_SAFE_INTEGER)
      if (id === 0) return reply
      const open = this.#open.get(id)
      this.#open.delete(id)
      if (reply.has('error')) open?.reject(errorOf(reply))
      else open?.resolve(reply)
    } catch {
      socket.destroy()
    }
    return undefined
  }

  #onUp(socket: Socket): void {
    this.#socket = socket
    this.#dialling = undefined
    socket.setTimeout(0)
    this.#downSinceMs = 0
    for (const { line } of this.#open.values()) socket.write(line)
  }

  #onDown(socket: Socket): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    // Whether such a call was heard is not known: only its caller can find out.
    this.#fail(({ isRepeatable }) => !isRepeatable, unavailable('the connection was lost'))
    if (!this.#isClosed) this.#reconnect()
  }

  #reconnect(): void {
    if (this.#downSinceMs === 0) this.#downSinceMs = Date.now()
    this.#retry = setTimeout(() => {
      this.#connect().then(
        () => (this.#retry = undefined),
        (err: unknown) => {
          this.#retry = undefined
          if (this.#isClosed) return
          if (Date.now() - this.#downSinceMs < RECONNECT_MS) return this.#reconnect()
          this.#downSinceMs = 0
          this.#fail(() => true, unavailable('the ledger cannot be reached', err))
        },
      )
    }, RETRY_MS)
  }

  #fail(which: (open: Open) => boolean, err: LntError): void {
    for (const [id, open] of this.#open) {
      if (!which(open)) continue
      this.#open.delete(id)
      open.reject(err)
    }
  }

  #write(message: Request & { readonly id: number }): void {
    this.#socket?.write(encodeLine(message))
  }
}

/** The error of a reply; one that we cannot read is as good as no wallet. */
function errorOf(reply: Reader): LntError {
  try {
    return decodeError(reply.object('error'))
  } catch (cause) {
    return unavailable('the ledger answers nonsense', cause)
  }
}

function unavailable(why: string, cause?: unknown): LntError {
  return new LntError({ code: 'WALLET_UNAVAILABLE', why }, { cause })
}
