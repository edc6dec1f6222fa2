/**
 * The `lnt` entry of the extended handshake (docs/protocol.md §8): what we put in, what we accept.
 * @module
 */
import { equal } from '../../src/core/bytes.ts'
import { LntError } from '../../src/core/errors.ts'
import type { Network } from '../../src/core/network.ts'
import { HASH_BYTES } from './limits.ts'

/** The one version there is. */
export const VERSION = 1

/** Longest name of a network that is not malformed, in bytes; ours have at most 7. */
const MAX_NETWORK_BYTES = 32

/** A well-formed entry, perhaps of another version or network than ours. */
export interface Entry {
  readonly version: number
  readonly network: string
  /** X25519 public key of the connection, 32 bytes. */
  readonly key: Uint8Array
}

/** Our own entry, for `wire.extendedHandshake.lnt`. */
export function ourEntry(network: Network, key: Uint8Array): Readonly<Record<string, unknown>> {
  return { v: VERSION, net: network, pk: key }
}

/**
 * Reads the entry out of a handshake that bittorrent-protocol has decoded: plain objects, arrays,
 * numbers and byte strings in any shape a peer likes, `__proto__` included.
 * @returns undefined when the peer names none
 * @throws {@link LntError} `BAD_PEER` for a malformed one
 */
export function readEntry(handshake: unknown): Entry | undefined {
  const entry = own(handshake, 'lnt')
  if (entry === undefined) return undefined
  const version = own(entry, 'v')
  if (typeof version !== 'number' || !Number.isSafeInteger(version)) throw bad('v')
  // Another version may spell the rest as it likes.
  if (version !== VERSION) return { version, network: '', key: new Uint8Array(HASH_BYTES) }
  return { version, network: networkOf(own(entry, 'net')), key: keyOf(own(entry, 'pk')) }
}

/** Whether we can trade with a peer of this entry. */
export function fits(entry: Entry, network: Network): boolean {
  return entry.version === VERSION && entry.network === network
}

/** Whether two entries of one connection are the same; a peer never changes its own. */
export function same(a: Entry, b: Entry): boolean {
  return a.version === b.version && a.network === b.network && equal(a.key, b.key)
}

function networkOf(value: unknown): string {
  if (!(value instanceof Uint8Array) || value.length > MAX_NETWORK_BYTES) throw bad('net')
  return String.fromCharCode(...value)
}

function keyOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== HASH_BYTES) throw bad('pk')
  return Uint8Array.from(value)
}

/** Own keys only: a dictionary key `__proto__` would have set what is inherited. */
function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) throw bad(`no dictionary around ${key}`)
  return Object.getOwnPropertyDescriptor(value, key)?.value
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_PEER', why: `lnt handshake: ${why}` })
}
