/**
 * Plaintext for players: an HTTP server on 127.0.0.1 that serves one file and a page around it (RFC 9110).
 * @module
 */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import mime from 'mime'
import type { Clock } from '../core/clock.ts'
import { LntError } from '../core/errors.ts'
import { Pace } from '../core/pace.ts'
import type { PieceSource } from '../core/source.ts'
import { Bitrate } from './bitrate.ts'
import { type Door, wishOf } from './gate.ts'
import { PAGE_POLICY, pageOf } from './page.ts'
import { type Answer, answerTo, type RangeHeaders } from './ranges.ts'
import { type ByteRange, readRange } from './reader.ts'
import { type Activity, Streams } from './streams.ts'

const HOST = '127.0.0.1'

/** Connections at once. A player holds two or three; a browser up to six. */
const MAX_CONNECTIONS = 16

/** How long a client may take to send the head of a request. Local ones take a millisecond. */
const HEAD_TIMEOUT_MS = 5_000

/** How long an idle connection is kept for the next request. */
const IDLE_TIMEOUT_MS = 5_000

/** Longest head of a request, in bytes. */
const MAX_HEAD_BYTES = 8 * 1024

/** On every answer: nobody else's page reads, frames, guesses or keeps what was paid for. */
const GUARDS = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

/** What to serve, and how. */
export interface PlayerOptions {
  readonly source: PieceSource
  readonly clock: Clock
  /** Identifies the bytes of the file for ever, e.g. info hash and file number; becomes the ETag. */
  readonly id: string
  /** Port to listen on; any free one by default. */
  readonly port?: number
  /** Average bitrate where it is known better than by the file's own duration, bytes per second. */
  readonly bytesPerSecond?: number
  /** Called when a stream begins, goes on or ends: {@link PlayerServer.activity} tells more. */
  readonly changed?: () => void
  /** Told why a stream broke off; the player only sees its connection end. */
  readonly failed?: (err: unknown) => void
}

/** A running server. */
export interface PlayerServer {
  /** The file, for players. */
  readonly url: string
  /** The page, for browsers. */
  readonly pageUrl: string
  readonly activity: () => Activity
  /** Ends every connection and stops listening. */
  readonly close: () => Promise<void>
}

/**
 * Serves a file until closed.
 * @throws {@link LntError} `PORT_IN_USE`; `BAD_INPUT` for a port that is not ours to have
 */
export async function servePlayer(options: PlayerOptions): Promise<PlayerServer> {
  const door = { token: randomBytes(16).toString('hex'), name: options.source.name.toWellFormed() }
  const stage = new Stage(options, door)
  const server = createServer(
    {
      headersTimeout: HEAD_TIMEOUT_MS,
      requestTimeout: HEAD_TIMEOUT_MS,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: MAX_HEAD_BYTES,
    },
    (request, response) => stage.answer(request, response),
  )
  server.maxConnections = MAX_CONNECTIONS
  const port = await listen(server, options.port ?? 0)
  const pageUrl = `http://${HOST}:${port}/${door.token}/`
  return {
    pageUrl,
    url: pageUrl + encodeURIComponent(door.name),
    activity: () => stage.activity(),
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen({ host: HOST, port, exclusive: true })
  try {
    await once(server, 'listening')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')
      throw new LntError({ code: 'PORT_IN_USE', port }, { cause })
    throw new LntError({ code: 'BAD_INPUT', what: `cannot listen on port ${port}` }, { cause })
  }
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** What the server plays: one file, with the pace over all its connections. */
class Stage {
  readonly #options: PlayerOptions
  readonly #door: Door
  readonly #pace: Pace
  readonly #bitrate: Bitrate
  readonly #streams: Streams
  readonly #type: string
  readonly #etag: string

  constructor(options: PlayerOptions, door: Door) {
    const { source, clock } = options
    this.#options = options
    this.#door = door
    this.#bitrate = new Bitrate(source, options.bytesPerSecond)
    this.#pace = new Pace(source.pieceBytes, this.#bitrate.bytesPerSecond, clock.nowMs())
    this.#streams = new Streams(source, this.#pace)
    this.#type = mediaTypeOf(door.name)
    this.#etag = `"${Buffer.from(options.id).toString('base64url')}"`
  }

  activity(): Activity {
    return this.#streams.activity()
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(GUARDS)) response.setHeader(name, value)
    const wish = wishOf(request, this.#door)
    if (wish === 405) response.setHeader('Allow', 'GET, HEAD')
    if (wish === 'page') this.#page(request, response)
    else if (wish === 'file') this.#file(request, response)
    else end(response, wish)
  }

  #page(request: IncomingMessage, response: ServerResponse): void {
    const { name } = this.#door
    const body = Buffer.from(pageOf(name, encodeURIComponent(name), this.#type))
    response.setHeader('Content-Security-Policy', PAGE_POLICY)
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    response.setHeader('Content-Length', body.length)
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  #file(request: IncomingMessage, response: ServerResponse): void {
    const bytes = this.#options.source.fileBytes
    const method = request.method === 'HEAD' ? 'HEAD' : 'GET'
    const answer = answerTo(method, headersOf(request), { bytes, etag: this.#etag })
    response.setHeader('Accept-Ranges', 'bytes')
    response.setHeader('ETag', this.#etag)
    const range = rangeOf(answer, bytes)
    if (range === undefined) {
      if (answer.status === 416) response.setHeader('Content-Range', `bytes */${bytes}`)
      end(response, answer.status)
      return
    }
    this.#describe(response, answer, range)
    if (method === 'HEAD' || bytes === 0) response.end()
    else void this.#stream(response, range)
  }

  #describe(response: ServerResponse, answer: Answer, { start, end: last }: ByteRange): void {
    const bytes = this.#options.source.fileBytes
    response.statusCode = answer.status
    response.setHeader('Content-Type', this.#type)
    response.setHeader('Content-Length', last + 1 - start)
    if (answer.status === 206)
      response.setHeader('Content-Range', `bytes ${start}-${last}/${bytes}`)
    // A page or a drawing with scripts, opened from here, would run with our address.
    if (this.#type === OTHER_TYPE) response.setHeader('Content-Disposition', 'attachment')
  }

  /** Never rejects: what goes wrong ends the connection, so that no answer looks whole that is not. */
  async #stream(response: ServerResponse, range: ByteRange): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    // A write to a socket that has just gone says so by an event, before 'close'.
    response.on('error', () => gone.abort())
    const stream = this.#streams.open(range.start)
    const tools = { ...this.#options, pace: this.#pace }
    try {
      this.#options.changed?.()
      for await (const chunk of readRange(tools, range, gone.signal)) {
        if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal })
        stream.served(chunk.length)
        this.#options.changed?.()
        await this.#bitrate.teach(this.#pace, stream, this.#options.clock)
      }
      response.end()
    } catch (err) {
      if (!gone.signal.aborted) this.#options.failed?.(err)
      response.destroy()
    } finally {
      stream.close()
      this.#options.changed?.()
    }
  }
}

const OTHER_TYPE = 'application/octet-stream'

/** Media types only: no document that a browser would run. */
function mediaTypeOf(name: string): string {
  const type = mime.getType(name) ?? OTHER_TYPE
  return /^(video|audio)\//.test(type) ? type : OTHER_TYPE
}

function headersOf({ headers }: IncomingMessage): RangeHeaders {
  const ifRange = headers['if-range']
  const { range, 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  return {
    range,
    'if-match': ifMatch,
    'if-none-match': ifNoneMatch,
    'if-range': Array.isArray(ifRange) ? ifRange.join() : ifRange,
  }
}

/** The bytes of the body; undefined when there is none. */
function rangeOf(answer: Answer, bytes: number): ByteRange | undefined {
  if (answer.status === 206) return answer.range
  return answer.status === 200 ? { start: 0, end: bytes - 1 } : undefined
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status
  // 304 has no body and says nothing of one (RFC 9110 §15.4.5).
  if (status !== 304) response.setHeader('Content-Length', 0)
  response.end()
}
