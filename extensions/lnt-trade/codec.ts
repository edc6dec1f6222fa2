/**
 * Messages of `lnt_trade` to bytes and back (docs/protocol.md §8). Pure; strict about every key we know.
 * @module
 */
import bencode from 'bencode'
import { type Dict, read, type Value } from '../../src/core/bencode.ts'
import { evidenceKeys, readEvidence } from './evidence-codec.ts'
import {
  malformed,
  POSITIVE,
  readAscending,
  readBytes,
  readInteger,
  readPath,
  readText,
  refuseKeys,
  U32,
  UNSIGNED,
} from './fields.ts'
import {
  HASH_BYTES,
  MAX_KIND,
  MAX_KINDS,
  MAX_MESSAGE_BYTES,
  MAX_ROWS_LEVEL,
  MAX_SPANS,
  MAX_STEP_PPM,
  MAX_TEXT_BYTES,
  NODE_BYTES,
  ROW_BYTES,
} from './limits.ts'
import {
  type Ask,
  type Cancel,
  type GetRecords,
  type Message,
  REJECT,
  type Records,
  type Reject,
  type Terms,
} from './message.ts'
import { offerKeys, readOffer, TTL } from './offer-codec.ts'
import { RECORD_PATH, type Writable } from './proof-fields.ts'

/** Types in the order of their number `t`. */
const TYPES = [
  'terms',
  'ask',
  'offer',
  'reject',
  'cancel',
  'getrecords',
  'records',
  'evidence',
] as const

const READERS: Readonly<Record<Message['type'], (dict: Dict) => Message>> = {
  terms: readTerms,
  ask: readAsk,
  offer: readOffer,
  reject: readReject,
  cancel: (dict): Cancel => ({ type: 'cancel', id: readInteger(dict, 'id', U32) }),
  getrecords: readGetRecords,
  records: readRecords,
  evidence: readEvidence,
}

/**
 * Encodes a message.
 * @returns canonical bencode, at most {@link MAX_MESSAGE_BYTES} bytes
 * @throws {@link LntError} `BAD_MESSAGE` when it is one that {@link decode} would refuse: our fault
 */
export function encode(message: Message): Uint8Array {
  const bytes = bencode.encode({ t: TYPES.indexOf(message.type), ...keysOf(message) })
  // A peer drops us for a malformed message, so we are the first to refuse it.
  decode(bytes)
  return bytes
}

/**
 * Decodes and checks one message. Byte strings in it are views of `bytes`.
 * @param bytes - payload of one BEP 10 message, without its extension id
 * @returns undefined for a type that we do not know: to be ignored
 * @throws {@link LntError} `BAD_MESSAGE`, and nothing else, whatever the bytes
 */
export function decode(bytes: Uint8Array): Message | undefined {
  if (bytes.length > MAX_MESSAGE_BYTES) throw malformed('too long')
  const dict = read(bytes)
  if (!isDict(dict)) throw malformed('not a dictionary')
  const t = readInteger(dict, 't', { min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })
  const type = TYPES[t]
  return type && READERS[type](dict)
}

function keysOf(message: Message): Record<string, Writable> {
  switch (message.type) {
    case 'terms':
      return termsKeys(message)
    case 'ask':
      return askKeys(message)
    case 'offer':
      return offerKeys(message)
    case 'reject': {
      const { id, code, text, waitMs } = message
      return { id, code, text, wait: waitMs }
    }
    case 'cancel':
      return { id: message.id }
    case 'getrecords': {
      const { id, span, level } = message
      return { id, span, level }
    }
    case 'records': {
      const { id, span, level, rows, rpath } = message
      return { id, span, level, rows, rpath }
    }
    case 'evidence':
      return evidenceKeys(message)
  }
}

function readTerms(dict: Dict): Terms {
  const spans = readAscending(dict, 'spans', MAX_SPANS, U32)
  return {
    type: 'terms',
    priceMsat: BigInt(readInteger(dict, 'price', POSITIVE)),
    stepPpm: readInteger(dict, 'step', { min: 0, max: MAX_STEP_PPM }),
    kinds: readKinds(dict),
    spans,
    forwards: readAscending(dict, 'fwd', MAX_SPANS - spans.length, U32),
    node: readBytes(dict, 'node', NODE_BYTES),
    hops: readInteger(dict, 'hops', U32),
    ttlSeconds: readInteger(dict, 'ttl', TTL),
    rev: readInteger(dict, 'rev', UNSIGNED),
  }
}

function termsKeys(terms: Terms): Record<string, Writable> {
  return {
    price: msatOnWire(terms.priceMsat, 'price'),
    step: terms.stepPpm,
    kinds: terms.kinds,
    spans: terms.spans,
    fwd: terms.forwards,
    node: terms.node,
    hops: terms.hops,
    ttl: terms.ttlSeconds,
    rev: terms.rev,
  }
}

function readAsk(dict: Dict): Ask {
  return {
    type: 'ask',
    id: readInteger(dict, 'id', U32),
    span: readInteger(dict, 'span', U32),
    kinds: readKinds(dict),
    mostMsat: BigInt(readInteger(dict, 'most', POSITIVE)),
    nonce: readBytes(dict, 'nonce', HASH_BYTES),
    hops: readInteger(dict, 'hops', U32),
    rev: readInteger(dict, 'rev', UNSIGNED),
  }
}

function askKeys(ask: Ask): Record<string, Writable> {
  const { id, span, kinds, nonce, hops, rev } = ask
  return { id, span, kinds, nonce, hops, rev, most: msatOnWire(ask.mostMsat, 'most') }
}

function readReject(dict: Dict): Reject {
  const code = readInteger(dict, 'code', U32)
  const shared = {
    type: 'reject' as const,
    id: readInteger(dict, 'id', U32),
    code,
    text: readText(dict, 'text', { min: 0, max: MAX_TEXT_BYTES }),
  }
  if (code !== REJECT.tooManyOpen && code !== REJECT.busy) refuseKeys(dict, 'wait')
  return dict.has('wait') ? { ...shared, waitMs: readInteger(dict, 'wait', U32) } : shared
}

function readGetRecords(dict: Dict): GetRecords {
  return {
    type: 'getrecords',
    id: readInteger(dict, 'id', U32),
    span: readInteger(dict, 'span', U32),
    level: readInteger(dict, 'level', { min: 0, max: MAX_ROWS_LEVEL }),
  }
}

function readRecords(dict: Dict): Records {
  const { id, span, level } = readGetRecords(dict)
  const rows = readBytes(dict, 'rows', ROW_BYTES * 2 ** level)
  return { type: 'records', id, span, level, rows, rpath: readPath(dict, 'rpath', RECORD_PATH) }
}

function readKinds(dict: Dict): number[] {
  return readAscending(dict, 'kinds', MAX_KINDS, { min: 1, max: MAX_KIND })
}

/** bencode writes numbers only; 2^53 − 1 msat are 90,000 coins, more than anything costs. */
function msatOnWire(msat: bigint, key: string): number {
  if (msat > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(key)
  return Number(msat)
}

function isDict(value: Value): value is Dict {
  return value instanceof Map
}
