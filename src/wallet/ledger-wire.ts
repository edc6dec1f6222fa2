/**
 * What the ledger's service and its clients say to each other: one JSON object a line, strictly read.
 *
 * Bytes are lower-case hex, msat are decimal strings. A request is `{id, do, …}`, its reply `{id, ok}` or
 * `{id, error}`.
 * @module
 */
import type { Socket } from 'node:net'
import { fromHex, toHex } from '../core/bytes.ts'
import { type ErrorDetail, LntError } from '../core/errors.ts'

/** Longest line, in characters: an invoice of 2,048 and the rest of its request. */
export const MAX_LINE_CHARS = 8192

/** Longest text in a field: an invoice. */
const MAX_TEXT_CHARS = 4096

/** All bitcoin in msat, 19 digits. */
const MSAT = /^(?:0|[1-9][0-9]{0,18})$/

/** What can be sent. */
export type Sendable =
  | string
  | number
  | boolean
  | bigint
  | Uint8Array
  | { readonly [key: string]: Sendable }

/** One line, with its end. */
export function encodeLine(message: { readonly [key: string]: Sendable }): string {
  return `${JSON.stringify(plain(message))}\n`
}

/**
 * Reads one line.
 * @throws {@link LntError} `BAD_MESSAGE`
 */
export function decodeLine(line: string): Reader {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new LntError({ code: 'BAD_MESSAGE', why: 'not JSON' }, { cause })
  }
  return new Reader(value)
}

/** Takes fields out of a decoded object, each by its type. All throw `BAD_MESSAGE`. */
export class Reader {
  readonly #fields: ReadonlyMap<string, unknown>

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('no object')
    this.#fields = new Map(Object.entries(value))
  }

  has(key: string): boolean {
    return this.#fields.has(key)
  }

  text(key: string): string {
    const value = this.#fields.get(key)
    if (typeof value !== 'string' || value.length > MAX_TEXT_CHARS) throw bad(key)
    return value
  }

  bytes(key: string, length: number): Uint8Array {
    const text = this.text(key)
    if (text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) throw bad(key)
    return fromHex(text)
  }

  msat(key: string, maxMsat: bigint): bigint {
    const text = this.text(key)
    if (!MSAT.test(text) || BigInt(text) > maxMsat) throw bad(key)
    return BigInt(text)
  }

  /** An integer from `min` to `max`. */
  integer(key: string, min: number, max: number): number {
    const value = this.#fields.get(key)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
      throw bad(key)
    return value
  }

  flag(key: string): boolean {
    const value = this.#fields.get(key)
    if (typeof value !== 'boolean') throw bad(key)
    return value
  }

  choice<const T extends string>(key: string, choices: readonly T[]): T {
    const value = this.#fields.get(key)
    const choice = choices.find((one) => one === value)
    if (choice === undefined) throw bad(key)
    return choice
  }

  object(key: string): Reader {
    return new Reader(this.#fields.get(key))
  }
}

/** Errors that a client may see, with their one telling field. Others become `WALLET_UNAVAILABLE`. */
export function encodeError({ detail }: LntError): { readonly [key: string]: Sendable } {
  const { code } = detail
  if (code === 'HASH_IN_USE') return { code, text: detail.hash }
  if (code === 'PAYMENT_UNKNOWN') return { code, text: detail.hash, why: detail.why }
  if (code === 'BAD_INVOICE' || code === 'BAD_MESSAGE') return { code, text: detail.why }
  if (code === 'BAD_INPUT') return { code, text: detail.what }
  return { code: 'WALLET_UNAVAILABLE', text: `the service says ${code}` }
}

const CODES = [
  'HASH_IN_USE',
  'PAYMENT_UNKNOWN',
  'BAD_INVOICE',
  'BAD_MESSAGE',
  'BAD_INPUT',
  'WALLET_UNAVAILABLE',
] as const

/** The error that {@link encodeError} wrote. */
export function decodeError(error: Reader): LntError {
  return new LntError(detailOf(error))
}

function detailOf(error: Reader): ErrorDetail {
  const code = error.choice('code', CODES)
  const text = error.text('text')
  switch (code) {
    case 'HASH_IN_USE':
      return { code, hash: text }
    case 'PAYMENT_UNKNOWN':
      return { code, hash: text, why: error.text('why') }
    case 'BAD_INPUT':
      return { code, what: text }
    case 'BAD_INVOICE':
    case 'BAD_MESSAGE':
    case 'WALLET_UNAVAILABLE':
      return { code, why: text }
  }
}

/** Cuts what a socket brings into lines. A line that is too long ends the connection. */
export function onLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk) => {
    const lines = `${rest}${String(chunk)}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (socket.destroyed) return
      onLine(line)
    }
    if (rest.length > MAX_LINE_CHARS) socket.destroy()
  })
}

function plain(value: Sendable): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_MESSAGE', why })
}
