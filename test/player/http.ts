/**
 * Raw requests to the player's server, and waiting for conditions.
 * @module
 */
import { once } from 'node:events'
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'

/** An answer with its body, which may have been cut short. */
export interface Reply {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  readonly isWhole: boolean
}

/** What to ask. */
export interface Question {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
}

/** Asks and reads the whole answer. Each request has its own connection. */
export async function ask(url: string, { method, headers }: Question = {}): Promise<Reply> {
  const response = await open(url, { ...(method && { method }), ...(headers && { headers }) })
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  response.on('error', () => {})
  // Not by once(): it rejects on 'error', and a cut answer is what some tests want to see.
  await new Promise((resolve) => response.on('close', resolve))
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks),
    isWhole: response.complete,
  }
}

/** Asks and reads nothing yet. */
export async function open(url: string, question: Question = {}): Promise<IncomingMessage> {
  const sent = request(url, { agent: false, ...question })
  sent.on('error', () => {})
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return response
}

/** Waits until something holds; fails after 10 s. */
export async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`never: ${holds.toString()}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
