/**
 * What clients and the play-money service say to each other: one JSON object a line, decoded strictly.
 * The service speaks first (its banner); each request has an id that its answer repeats; blocks come unasked
 * once they were asked for.
 * @module
 */
import { fromHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Block } from '../wallet/chain.ts'
import { MAX_TRANSACTION_BYTES } from './transaction.ts'

/** Version of this protocol. */
export const VERSION = 1
/** Word by which the service is known. */
export const SERVICE = 'lntorrent-regtest'
/** Longest line that a client may send, in characters: a transaction in hex and some words. */
export const MAX_REQUEST_CHARS: number = 2 * MAX_TRANSACTION_BYTES + 512
/** Longest line that the service sends: a block of a full mempool in hex. */
export const MAX_ANSWER_CHARS = 4_000_000
/** Most blocks that one request may mine. */
export const MAX_MINE = 1000
/** Longest path of a wallet that the hub remembers. */
const MAX_PATH_CHARS = 4096

/** A channel as the hub is asked for it. */
export interface OpenRequest {
  /** Public key of the node that wants it, hex. */
  readonly nodeId: string
  readonly capacitySat: number
  /** What is the node's own from the start. */
  readonly pushSat: number
  /** Directory of the wallet: `reset` names those that it orphans. */
  readonly wallet: string
}

/** What a client may ask. */
export type Request =
  | { readonly do: 'hello'; readonly token: string }
  | { readonly do: 'tip' }
  /** Sends all blocks from this height on, answers once the tip is reached, then sends each new one. */
  | { readonly do: 'blocks'; readonly from: number }
  | { readonly do: 'broadcast'; readonly transaction: Uint8Array }
  | ({ readonly do: 'open' } & OpenRequest)
  | { readonly do: 'status' }
  | { readonly do: 'mine'; readonly count: number }
  | { readonly do: 'stop' }

/** What the service says. */
export type Answer =
  /** The first line: which run of the service this is, so that nobody tells a token to a stranger. */
  | { readonly type: 'banner'; readonly instance: string }
  | { readonly type: 'block'; readonly block: Block }
  | { readonly type: 'result'; readonly id: number; readonly result: Fields }
  | { readonly type: 'error'; readonly id: number; readonly why: string }
  /** It disconnects. */
  | { readonly type: 'refusal'; readonly why: string }

/** A decoded line of JSON: an object. */
export type Fields = Readonly<Record<string, unknown>>

/**
 * Decodes one line of a client.
 * @throws LntError `BAD_MESSAGE`, and nothing else, whatever the line
 */
export function decodeRequest(line: string): { readonly id: number; readonly request: Request } {
  const fields = decodeLine(line)
  const request = requestOf(fields)
  const known = new Set(['id', ...Object.keys(request)])
  for (const key of Object.keys(fields)) if (!known.has(key)) throw bad(`unknown field ${key}`)
  return { id: integerOf(fields, 'id', 0, Number.MAX_SAFE_INTEGER), request }
}

/** Encodes a request as one line. */
export function encodeRequest(id: number, request: Request): string {
  if (request.do !== 'broadcast') return `${JSON.stringify({ id, ...request })}\n`
  const transaction = Buffer.from(request.transaction).toString('hex')
  return `${JSON.stringify({ id, do: request.do, transaction })}\n`
}

/**
 * Decodes one line of the service.
 * @throws LntError `BAD_MESSAGE`
 */
export function decodeAnswer(line: string): Answer {
  const fields = decodeLine(line)
  if ('service' in fields) {
    const { service, version } = fields
    if (service !== SERVICE || version !== VERSION) throw bad('another service')
    return { type: 'banner', instance: textOf(fields, 'instance', 128) }
  }
  if ('block' in fields) {
    const block = fieldsOf(fields, 'block')
    const height = integerOf(block, 'height', 1, 0xffffffff)
    const raw = bytesOf(block, 'raw', { max: MAX_ANSWER_CHARS })
    return { type: 'block', block: { height, raw } }
  }
  if (!('id' in fields)) return { type: 'refusal', why: textOf(fields, 'error', MAX_PATH_CHARS) }
  const id = integerOf(fields, 'id', 0, Number.MAX_SAFE_INTEGER)
  if ('error' in fields) return { type: 'error', id, why: textOf(fields, 'error', MAX_PATH_CHARS) }
  return { type: 'result', id, result: fieldsOf(fields, 'result') }
}

/**
 * Decodes one line of JSON that must hold an object.
 * @throws LntError `BAD_MESSAGE`
 */
export function decodeLine(line: string): Fields {
  try {
    const value: unknown = JSON.parse(line)
    if (isFields(value)) return value
  } catch (cause) {
    throw bad('not JSON', { cause })
  }
  throw bad('not an object')
}

/** An object inside an object. @throws LntError `BAD_MESSAGE` */
export function fieldsOf(fields: Fields, key: string): Fields {
  const value = fields[key]
  if (!isFields(value)) throw bad(key)
  return value
}

/** A list of objects. @throws LntError `BAD_MESSAGE` */
export function listOf(fields: Fields, key: string): readonly Fields[] {
  const value = fields[key]
  if (!Array.isArray(value) || !value.every(isFields)) throw bad(key)
  return value
}

/** A whole number from `low` to `high`. @throws LntError `BAD_MESSAGE` */
export function integerOf(fields: Fields, key: string, low: number, high: number): number {
  const value = fields[key]
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw bad(key)
  if (value < low || value > high) throw bad(`${key} is out of range`)
  return value
}

/** Yes or no. @throws LntError `BAD_MESSAGE` */
export function booleanOf(fields: Fields, key: string): boolean {
  const value = fields[key]
  if (typeof value !== 'boolean') throw bad(key)
  return value
}

/** A text of at most `max` characters. @throws LntError `BAD_MESSAGE` */
export function textOf(fields: Fields, key: string, max: number): string {
  const value = fields[key]
  if (typeof value !== 'string' || value.length > max) throw bad(key)
  return value
}

/** Bytes in hex: exactly `length`, or 1 … `max`. @throws LntError `BAD_MESSAGE` */
export function bytesOf(
  fields: Fields,
  key: string,
  { length, max = length ?? 0 }: { length?: number; max?: number },
): Uint8Array {
  const text = textOf(fields, key, 2 * max)
  try {
    if (text === '') throw bad(`${key} is empty`)
    return fromHex(text, length)
  } catch (cause) {
    throw bad(`${key} is not hex`, { cause })
  }
}

/** A message that breaks the protocol. */
export function bad(why: string, options?: ErrorOptions): LntError {
  return new LntError({ code: 'BAD_MESSAGE', why }, options)
}

function requestOf(fields: Fields): Request {
  const { do: word } = fields
  switch (word) {
    case 'hello':
      return { do: word, token: textOf(fields, 'token', 128) }
    case 'blocks':
      return { do: word, from: integerOf(fields, 'from', 0, 0xffffffff) }
    case 'broadcast':
      return {
        do: word,
        transaction: bytesOf(fields, 'transaction', { max: MAX_TRANSACTION_BYTES }),
      }
    case 'open':
      return { do: word, ...openOf(fields) }
    case 'mine':
      return { do: word, count: integerOf(fields, 'count', 1, MAX_MINE) }
    case 'tip':
    case 'status':
    case 'stop':
      return { do: word }
    default:
      throw bad('do')
  }
}

function openOf(fields: Fields): OpenRequest {
  bytesOf(fields, 'nodeId', { length: 33 })
  return {
    nodeId: textOf(fields, 'nodeId', 66).toLowerCase(),
    capacitySat: integerOf(fields, 'capacitySat', 1, Number.MAX_SAFE_INTEGER),
    pushSat: integerOf(fields, 'pushSat', 0, Number.MAX_SAFE_INTEGER),
    wallet: textOf(fields, 'wallet', MAX_PATH_CHARS),
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
