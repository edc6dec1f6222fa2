/**
 * Magnet links of sealed torrents: BEP 9 with `x.lnt` (docs/protocol.md §5). Our own writer and reader, since
 * magnet-uri drops `x.lnt`, takes the last of several btih and any length.
 * @module
 */
import { base32 } from '@scure/base'
import { fromHex, toHex } from '../src/core/bytes.ts'
import { LntError } from '../src/core/errors.ts'
import { isPeer, isTracker, MAX_PEERS, MAX_TRACKERS } from './address.ts'

/** Longest magnet link accepted, in characters. */
export const MAX_MAGNET = 16_384

/** Most `key=value` pairs, known or not. */
const MAX_FIELDS = 256

/** Longest display name, in characters. */
const MAX_NAME = 255

const PREFIX = 'magnet:?'
const BTIH = 'urn:btih:'

/** What a magnet link says. */
export interface Magnet {
  /** SHA-1 of the info dict, 20 bytes. */
  readonly infoHash: Uint8Array
  /** SHA-256 of the raw info dict, 32 bytes (`x.lnt`). */
  readonly infoSha256: Uint8Array
  /** `dn`: for people only, nothing checks it. */
  readonly name?: string
  /** `x.pe`: host:port of peers. */
  readonly peers: readonly string[]
  /** `tr`: tracker URLs. */
  readonly trackers: readonly string[]
}

/** Writes a magnet link: btih in hex, dn, x.lnt, x.pe, tr. */
export function buildMagnet(
  magnet: Pick<Magnet, 'infoHash' | 'infoSha256' | 'name'> & Partial<Magnet>,
): string {
  const { infoHash, infoSha256, name, peers = [], trackers = [] } = magnet
  const fields = [`xt=${BTIH}${toHex(infoHash)}`]
  if (name !== undefined) fields.push(`dn=${encodeURIComponent(name)}`)
  fields.push(`x.lnt=${toHex(infoSha256)}`)
  // host:port as it is (BEP 9): its characters are all allowed in a query.
  for (const peer of peers) fields.push(`x.pe=${peer}`)
  for (const tracker of trackers) fields.push(`tr=${encodeURIComponent(tracker)}`)
  return PREFIX + fields.join('&')
}

/**
 * Reads a magnet link. Unknown keys and trackers of unknown schemes are ignored.
 * @throws {@link LntError} `BAD_MAGNET`, and nothing else, whatever the text
 */
export function parseMagnet(text: string): Magnet {
  if (text.length > MAX_MAGNET) throw bad('too long')
  if (!text.toLowerCase().startsWith(PREFIX)) throw bad('not a magnet link')
  const fields = new URLSearchParams(text.slice(PREFIX.length))
  if (fields.size > MAX_FIELDS) throw bad('too many fields')
  const infoHash = readInfoHash(fields)
  const infoSha256 = readInfoSha256(fields)
  const peers = fields.getAll('x.pe')
  if (peers.length > MAX_PEERS || !peers.every(isPeer)) throw bad('x.pe')
  const trackers = fields.getAll('tr')
  if (trackers.length > MAX_TRACKERS) throw bad('tr')
  const name = readName(fields)
  const addresses = { peers, trackers: trackers.filter(isTracker) }
  return { infoHash, infoSha256, ...(name === undefined ? {} : { name }), ...addresses }
}

/** Exactly one btih, 40 hex digits or 32 of base32; `xt.1` and so on count too. */
function readInfoHash(fields: URLSearchParams): Uint8Array {
  const found = [...fields]
    .filter(([key]) => /^xt(?:\.\d+)?$/i.test(key))
    .map(([, value]) => value)
    .filter((value) => value.toLowerCase().startsWith(BTIH))
    .map((value) => value.slice(BTIH.length))
  const [text] = found
  if (text === undefined || found.length !== 1) throw bad('not exactly one btih')
  if (/^[0-9a-f]{40}$/i.test(text)) return fromHex(text)
  if (/^[a-z2-7]{32}$/i.test(text)) return base32.decode(text.toUpperCase())
  throw bad('btih')
}

/** SHA-1 alone does not bind a dishonest publisher: without x.lnt there is no sealed torrent. */
function readInfoSha256(fields: URLSearchParams): Uint8Array {
  const found = [...fields].filter(([key]) => key.toLowerCase() === 'x.lnt')
  const [key, text] = found[0] ?? []
  if (found.length !== 1 || key !== 'x.lnt' || text === undefined)
    throw bad('not exactly one x.lnt')
  if (!/^[0-9a-f]{64}$/.test(text)) throw bad('x.lnt')
  return fromHex(text)
}

/** Shown before the info dict is there, so nothing in it may reach a terminal's control. */
function readName(fields: URLSearchParams): string | undefined {
  const [name] = fields.getAll('dn')
  if (name === undefined) return undefined
  if (name.length > MAX_NAME || /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(name))
    throw bad('dn')
  return name
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_MAGNET', why })
}
