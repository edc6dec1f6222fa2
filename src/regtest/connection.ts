/**
 * One client of the play-money service: says who we are, checks its token, answers it, sends it blocks.
 * Whatever breaks the protocol gets one error line and is disconnected.
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import { LntError } from '../core/errors.ts'
import type { Block } from '../wallet/chain.ts'
import { Lines } from './lines.ts'
import { bad, decodeRequest, MAX_REQUEST_CHARS, type Request, SERVICE, VERSION } from './message.ts'

/** Time to say hello with the right token. */
export const HELLO_TIMEOUT_MS = 5000
/** Most requests of one client that are being answered. */
export const MAX_PENDING = 32
/** Most bytes that wait for a client to read them. */
const MAX_BACKLOG_BYTES = 8 << 20

/** What a connection asks of the service. */
export interface Answers {
  readonly instance: string
  readonly token: string
  /** Resolves once requests can be answered. */
  readonly ready: Promise<unknown>
  /** Answers a request of a client that knows the token. @throws LntError with the reason */
  answer(request: Request, connection: Connection): Promise<object>
  /** Height of the best block. */
  height(): number
  block(height: number): Block
}

/** A client's socket. */
export class Connection {
  private readonly socket: Socket
  private readonly service: Answers
  private readonly lines = new Lines(MAX_REQUEST_CHARS)
  private readonly helloTimer: NodeJS.Timeout
  private known = false
  private pending = 0
  /** Next block to send, or 0 when none was asked for. */
  private nextHeight = 0
  private reached: (() => void)[] = []

  constructor(socket: Socket, service: Answers) {
    this.socket = socket
    this.service = service
    this.helloTimer = setTimeout(() => this.fail('no hello'), HELLO_TIMEOUT_MS)
    socket.setNoDelay(true)
    socket.on('data', (chunk: Uint8Array) => this.read(chunk))
    socket.on('drain', () => this.sendBlocks())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => clearTimeout(this.helloTimer))
    this.send({ service: SERVICE, version: VERSION, instance: service.instance })
  }

  /** Whether it has said hello with the right token. */
  get isKnown(): boolean {
    return this.known
  }

  /** Begins to send blocks. @returns once it has been sent the best one */
  follow(fromHeight: number): Promise<void> {
    this.nextHeight = Math.max(1, fromHeight)
    return new Promise((resolve) => {
      this.reached.push(resolve)
      this.sendBlocks()
    })
  }

  /** Sends what blocks it has not been sent yet, as fast as it reads them. */
  sendBlocks(): void {
    if (this.nextHeight === 0) return
    while (this.nextHeight <= this.service.height()) {
      if (this.socket.destroyed || this.socket.writableNeedDrain) return
      const { height, raw } = this.service.block(this.nextHeight)
      this.send({ block: { height, raw: Buffer.from(raw).toString('hex') } })
      this.nextHeight += 1
    }
    for (const resolve of this.reached.splice(0)) resolve()
  }

  /** Ends it after what was sent. */
  close(): void {
    this.socket.end()
    // A client that does not hang up in turn is cut off.
    setTimeout(() => this.socket.destroy(), 1000).unref()
  }

  /** Says why, and disconnects. */
  fail(why: string): void {
    if (this.socket.destroyed) return
    this.socket.removeAllListeners('data')
    this.socket.resume()
    this.send({ error: why })
    this.close()
  }

  private read(chunk: Uint8Array): void {
    try {
      for (const line of this.lines.push(chunk)) {
        if (this.socket.writableEnded) return
        this.take(line)
      }
    } catch (err) {
      if (!(err instanceof LntError) || err.detail.code !== 'BAD_MESSAGE') throw err
      this.fail(err.detail.why)
    }
  }

  private take(line: string): void {
    const { id, request } = decodeRequest(line)
    if (!this.known && request.do !== 'hello') throw bad('hello comes first')
    if (request.do === 'hello' && !isSame(request.token, this.service.token))
      throw bad('wrong token')
    if (this.pending >= MAX_PENDING) throw bad('too many requests at once')
    this.known = true
    clearTimeout(this.helloTimer)
    this.pending += 1
    void this.answer(id, request)
  }

  private async answer(id: number, request: Request): Promise<void> {
    try {
      await this.service.ready
      const result = await this.service.answer(request, this)
      this.send({ id, result })
    } catch (err) {
      // Ours crashes loudly: only what was foreseen becomes an answer.
      if (!(err instanceof LntError)) throw err
      this.send({ id, error: 'why' in err.detail ? err.detail.why : err.message })
    } finally {
      this.pending -= 1
    }
  }

  private send(message: object): void {
    if (this.socket.destroyed || this.socket.writableEnded) return
    this.socket.write(`${JSON.stringify(message)}\n`)
    if (this.socket.writableLength > MAX_BACKLOG_BYTES) this.socket.destroy()
  }
}

/** Compares in constant time. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
