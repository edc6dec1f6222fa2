/**
 * One connection to the play-money service, from the client's side. It ends when the socket does.
 * @module
 */
import { connect, type Socket } from 'node:net'
import { LntError } from '../core/errors.ts'
import type { Block } from '../wallet/chain.ts'
import type { Address } from './address.ts'
import { Lines } from './lines.ts'
import {
  type Answer,
  decodeAnswer,
  encodeRequest,
  type Fields,
  MAX_ANSWER_CHARS,
  type Request,
} from './message.ts'

/** Time for the service to accept a connection and to say who it is. */
export const BANNER_TIMEOUT_MS = 5000

/** What a link tells while it lives. */
export interface LinkEvents {
  readonly onBlock: (block: Block) => void
  readonly onEnd: () => void
}

interface Pending {
  readonly resolve: (result: Fields) => void
  readonly reject: (err: LntError) => void
}

/** A connection whose other end has said which instance it is. */
export class Link {
  private readonly socket: Socket
  private readonly lines = new Lines(MAX_ANSWER_CHARS)
  private readonly pending = new Map<number, Pending>()
  private events: LinkEvents | undefined
  private onBanner: (instance: string) => void = () => {}
  private lastId = 0
  private endedWhy: string | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Uint8Array) => this.read(chunk))
    socket.on('error', (err) => this.end(err.message))
    socket.on('close', () => this.end('the connection to the play-money network was lost'))
  }

  /**
   * Connects to a service on 127.0.0.1.
   * @throws LntError `WALLET_UNAVAILABLE` when nobody listens there, or somebody else does;
   *   `REGTEST_FAILED` when somebody listens and says nothing
   */
  static async open({ port, instance }: Omit<Address, 'token'>): Promise<Link> {
    const link = new Link(connect({ port, host: '127.0.0.1', noDelay: true }))
    const said = await link.banner()
    if (instance === undefined || said === instance) return link
    link.end(`another play-money network listens on port ${port}`)
    throw unavailable(link.endedWhy)
  }

  /** From now on tells of blocks, and of the end, also when that has been. */
  listen(events: LinkEvents): void {
    this.events = events
    if (this.endedWhy !== undefined) events.onEnd()
  }

  /**
   * Asks, and waits for the answer.
   * @throws LntError `REGTEST_FAILED` with the service's reason; `WALLET_UNAVAILABLE` when the link ended
   */
  request(request: Request): Promise<Fields> {
    return new Promise((resolve, reject) => {
      if (this.endedWhy !== undefined) return reject(unavailable(this.endedWhy))
      this.lastId += 1
      this.pending.set(this.lastId, { resolve, reject })
      this.socket.write(encodeRequest(this.lastId, request))
    })
  }

  close(): void {
    this.end('we closed the connection')
  }

  private banner(): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(failed('it accepts connections and says nothing'))
        this.close()
      }, BANNER_TIMEOUT_MS)
      this.onBanner = (instance) => {
        clearTimeout(timer)
        resolve(instance)
      }
      // Only the end of a link that never greeted gets here.
      this.socket.once('close', () => {
        clearTimeout(timer)
        reject(unavailable(this.endedWhy))
      })
    })
  }

  private read(chunk: Uint8Array): void {
    let answers: Answer[] = []
    try {
      answers = [...this.lines.push(chunk)].map(decodeAnswer)
    } catch (err) {
      if (!(err instanceof LntError)) throw err
      this.end('it does not speak our language')
    }
    for (const answer of answers) this.take(answer)
  }

  private take(answer: Answer): void {
    if (this.endedWhy !== undefined) return
    switch (answer.type) {
      case 'banner':
        this.onBanner(answer.instance)
        break
      case 'block':
        this.events?.onBlock(answer.block)
        break
      case 'refusal':
        this.end(`the play-money network refused us: ${answer.why}`)
        break
      case 'result':
        this.finish(answer.id)?.resolve(answer.result)
        break
      case 'error':
        this.finish(answer.id)?.reject(failed(answer.why))
        break
    }
  }

  private finish(id: number): Pending | undefined {
    const pending = this.pending.get(id)
    this.pending.delete(id)
    return pending
  }

  private end(why: string): void {
    if (this.endedWhy !== undefined) return
    this.endedWhy = why
    this.socket.destroy()
    for (const { reject } of this.pending.values()) reject(unavailable(why))
    this.pending.clear()
    this.events?.onEnd()
  }
}

function unavailable(why = 'it is not there'): LntError {
  return new LntError({ code: 'WALLET_UNAVAILABLE', why })
}

function failed(why: string): LntError {
  return new LntError({ code: 'REGTEST_FAILED', why })
}
