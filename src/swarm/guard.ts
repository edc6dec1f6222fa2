/**
 * Strict checks before anything from a peer reaches stock code (facts: bencode@4 hangs on `l-3:`,
 * any length is accepted, an exception in a handler ends the process). A breach drops the peer.
 * @module
 */
import Wire from 'bittorrent-protocol'
import { LntError } from '../core/errors.ts'
import { MAX_PIECES } from '../core/geometry.ts'
import { isDict, type PeerDict, readPeerDict } from './peer-bencode.ts'

/** Longest message, bytes: a block of 128 KiB with its header, and room for odd extensions. */
export const MAX_MESSAGE_BYTES: number = 256 * 1024
/** Longest extended message, bytes: ours are at most 64 KiB (docs/protocol.md §8). */
export const MAX_EXTENDED_BYTES: number = 64 * 1024 + 256
/** Longest block that a peer may ask for, bytes (as stock webtorrent and libtorrent have it). */
export const MAX_BLOCK_BYTES: number = 128 * 1024
/** Most requests that a peer may have open with us. `reqq` announces half of it. */
export const MAX_PEER_REQUESTS = 2048
/** Most bytes that wait in our process for a peer that does not read. */
export const MAX_QUEUED_BYTES: number = 4 * 1024 * 1024
/** Most messages in a window that are neither requests within the limit nor blocks asked for. */
export const MAX_CHATTER = 100_000
/** Length of that window, ms. */
export const CHATTER_WINDOW_MS = 10_000
/** Most blocks that we did not ask for, beyond those that we cancelled. */
export const MAX_STRAY_BLOCKS = 64
/** Most peers in one PEX message; BEP 11 allows 50 of a kind. */
const MAX_PEX_PEERS = 200

/** Geometry of a wire's torrent, once its metadata is known. */
export interface WireRules {
  /** Number of pieces. */
  readonly pieces: number
  /** Length of one piece in bytes. */
  lengthOf(piece: number): number
}

interface WireState {
  rules: WireRules | undefined
  chatter: number
  windowStartMs: number
  strays: number
  /** BEP 3 and BEP 6: bitfield, have-all or have-none comes once. */
  announced: boolean
}

const states = new WeakMap<Wire, WireState>()
const dropped = new WeakSet<Wire>()

/** Tells the guard a wire's geometry. Drops the peer when what it said before does not fit. */
export function setRules(wire: Wire, rules: WireRules): void {
  stateOf(wire).rules = rules
  const bitfield = wire.peerPieces.buffer.length
  if (stateOf(wire).announced && bitfield > 0 && bitfield !== Math.ceil(rules.pieces / 8))
    dropWire(wire, bad('bitfield length'))
}

/** Allows one more block that was not asked for: its request was cancelled and crossed it. */
export function forgiveStray(wire: Wire): void {
  stateOf(wire).strays -= 1
}

/** Ends a wire for a peer's fault. Emits `dropped` with the reason on the wire; safe to repeat. */
export function dropWire(wire: Wire, why: LntError): void {
  if (dropped.has(wire)) return
  dropped.add(wire)
  // What is already buffered must not be parsed any more: `destroy` takes effect a tick later.
  wire._parse(Number.MAX_VALUE, () => undefined)
  wire.emit('dropped', why)
  wire.destroy()
}

/** Puts the checks before bittorrent-protocol's own handlers, once a process. */
export function installGuard(): void {
  const proto = Wire.prototype
  const { _onMessageLength, _onMessage, _onExtended, _processBuffer } = proto
  proto._onMessageLength = guarded(checkLength, _onMessageLength)
  proto._onMessage = guarded(checkMessage, _onMessage)
  proto._onExtended = guarded(checkExtended, _onExtended)
  proto._processBuffer = function (this: Wire) {
    try {
      _processBuffer.call(this)
    } catch (cause) {
      dropWire(this, bad('a handler failed', cause))
    }
  }
}

function guarded<A extends unknown[]>(
  check: (wire: Wire, ...args: A) => boolean,
  handler: (this: Wire, ...args: A) => void,
): (this: Wire, ...args: A) => void {
  return function (...args) {
    if (dropped.has(this)) return
    try {
      if (!check(this, ...args)) return
    } catch (cause) {
      return dropWire(this, cause instanceof LntError ? cause : bad('malformed', cause))
    }
    handler.apply(this, args)
  }
}

function checkLength(_wire: Wire, bytes: Uint8Array): boolean {
  if (u32At(bytes, 0) > MAX_MESSAGE_BYTES) throw bad('message too long')
  return true
}

/** Returns whether stock code may have the message; one that is only to be ignored gives false. */
function checkMessage(wire: Wire, bytes: Uint8Array): boolean {
  const state = stateOf(wire)
  const id = bytes[0] ?? -1
  if (id !== 7 && id !== 6) countChatter(state)
  if (wire._readableState.buffered > MAX_QUEUED_BYTES) throw bad('peer does not read')
  checkFixedLength(id, bytes.length)
  return CHECKS.get(id)?.(wire, state, bytes) ?? true
}

/** Checks by message id (BEP 3, BEP 6); the others have nothing that could be wrong. */
const CHECKS: ReadonlyMap<number, (wire: Wire, state: WireState, bytes: Uint8Array) => boolean> =
  new Map([
    [4, checkPiece], // have
    [5, checkBitfield],
    [6, checkRequest],
    [7, checkBlock],
    [0x0d, checkPiece], // suggest
    [0x0e, checkOnce], // have all
    [0x0f, checkOnce], // have none
    [0x11, checkPiece], // allowed fast
  ])

function checkPiece(_wire: Wire, state: WireState, bytes: Uint8Array): boolean {
  if (u32At(bytes, 1) >= (state.rules?.pieces ?? MAX_PIECES)) throw bad('piece index')
  return true
}

const FIXED_LENGTHS: ReadonlyMap<number, number> = new Map([
  ...[0, 1, 2, 3, 0x0e, 0x0f].map((id): [number, number] => [id, 1]),
  ...[4, 0x0d, 0x11].map((id): [number, number] => [id, 5]),
  ...[6, 8, 0x10].map((id): [number, number] => [id, 13]),
  [9, 3],
])

function checkFixedLength(id: number, length: number): void {
  const fixed = FIXED_LENGTHS.get(id)
  if (fixed !== undefined && fixed !== length) throw bad('message length')
  if ((id === 7 && length < 10) || (id === 20 && length < 2)) throw bad('message length')
}

function countChatter(state: WireState): void {
  state.chatter += 1
  if (state.chatter <= MAX_CHATTER) return
  if (Date.now() - state.windowStartMs < CHATTER_WINDOW_MS) throw bad('too many messages')
  state.windowStartMs = Date.now()
  state.chatter = 0
}

function checkBitfield(wire: Wire, state: WireState, bytes: Uint8Array): boolean {
  const [pieces, length] = [state.rules?.pieces, bytes.length - 1]
  if (pieces !== undefined ? length !== Math.ceil(pieces / 8) : length > MAX_PIECES / 8)
    throw bad('bitfield length')
  return checkOnce(wire, state)
}

function checkOnce(_wire: Wire, state: WireState): boolean {
  if (state.announced) throw bad('bitfield twice')
  state.announced = true
  return true
}

function checkRequest(wire: Wire, state: WireState, bytes: Uint8Array): boolean {
  const [piece, offset, length] = [u32At(bytes, 1), u32At(bytes, 5), u32At(bytes, 9)]
  if (length === 0 || length > MAX_BLOCK_BYTES) throw bad('request length')
  // Without metadata we choke everybody: stock code rejects, and the queue limit bounds that.
  if (state.rules) {
    if (piece >= state.rules.pieces) throw bad('request piece')
    if (offset + length > state.rules.lengthOf(piece)) throw bad('request range')
  }
  if (wire.amChoking) countChatter(state)
  if (wire.peerRequests.length < MAX_PEER_REQUESTS) return true
  countChatter(state)
  if (wire.hasFast) wire._message(0x10, [piece, offset, length], null)
  return false
}

function checkBlock(wire: Wire, state: WireState, bytes: Uint8Array): boolean {
  const [piece, offset, length] = [u32At(bytes, 1), u32At(bytes, 5), bytes.length - 9]
  const asked = wire.requests.some(
    (request) => request.piece === piece && request.offset === offset && request.length === length,
  )
  if (!asked && ++state.strays > MAX_STRAY_BLOCKS) throw bad('blocks never asked for')
  return asked
}

function checkExtended(wire: Wire, id: number, bytes: Uint8Array): boolean {
  if (bytes.length > MAX_EXTENDED_BYTES) throw bad('extended message too long')
  if (id === 0) checkHandshake(bytes)
  // lnt_trade and ut_metadata have strict decoders of their own, lt_donthave reads four bytes.
  if (wire.extendedMapping[id] === 'ut_pex') checkPex(bytes)
  return true
}

function checkHandshake(bytes: Uint8Array): void {
  const dict = whole(bytes)
  const mapping = dict.get('m')
  if (mapping === undefined) return
  // Stock code calls toString on every value: a dictionary with that key would throw.
  if (!isDict(mapping) || [...mapping.values()].some((value) => typeof value !== 'number'))
    throw bad('extended handshake: m')
}

function checkPex(bytes: Uint8Array): void {
  const dict = whole(bytes)
  for (const [key, unit] of PEX_UNITS) {
    const value = dict.get(key)
    if (value === undefined) continue
    // A dictionary with a `length` would make stock code allocate that much.
    if (!(value instanceof Uint8Array) || value.length > unit * MAX_PEX_PEERS) throw bad('pex')
  }
}

const PEX_UNITS: readonly (readonly [string, number])[] = [
  ['added', 6],
  ['added.f', 1],
  ['dropped', 6],
  ['added6', 18],
  ['added6.f', 1],
  ['dropped6', 18],
]

function whole(bytes: Uint8Array): PeerDict {
  const { dict, end } = readPeerDict(bytes)
  if (end !== bytes.length) throw bad('bytes after the end')
  return dict
}

function stateOf(wire: Wire): WireState {
  let state = states.get(wire)
  if (!state) {
    const windowStartMs = Date.now()
    state = { rules: undefined, chatter: 0, windowStartMs, strays: 0, announced: false }
    states.set(wire, state)
  }
  return state
}

function u32At(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at)
}

function bad(why: string, cause?: unknown): LntError {
  return new LntError({ code: 'BAD_MESSAGE', why }, { cause })
}
