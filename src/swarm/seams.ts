/**
 * The private parts of webtorrent and bittorrent-protocol that we lean on, all in this file
 * (and the four handlers that guard.ts wraps), with a self-test: another version fails loudly.
 * @module
 */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import Wire from 'bittorrent-protocol'
import WebTorrent, { type AbstractChunkStore, type Torrent } from 'webtorrent'
import TorrentClass from 'webtorrent/lib/torrent.js'
import { concat } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'

/** Versions that this file was written for, pinned in package.json. */
const VERSIONS = { webtorrent: '3.0.21', 'bittorrent-protocol': '5.0.9' } as const

/** Private methods by owner, with the number of parameters that they declare. */
const WIRE_METHODS: Readonly<Record<string, number>> = {
  _sendExtendedHandshake: 0,
  _parse: 2,
  _processBuffer: 0,
  _push: 1,
  _message: 3,
  _write: 2,
  _onMessageLength: 1,
  _onMessage: 1,
  _onExtended: 2,
  _onRequest: 3,
}
const TORRENT_METHODS: Readonly<Record<string, number>> = {
  _addPeer: 3,
  _onMetadata: 1,
  _verifyPieces: 1,
  _onWireWithMetadata: 1,
  _update: 0,
  _updateWireInterest: 1,
  _markVerified: 1,
  _checkDone: 0,
}

/**
 * Checks that the installed packages are those that the seams were written for. Before guard.ts and
 * intake.ts wrap anything.
 * @throws {@link LntError} `SEAM_BROKEN`
 */
export function checkSeams(): void {
  for (const [name, version] of Object.entries(VERSIONS))
    if (versionOf(name) !== version) throw broken(`${name} is not ${version}`)
  if (WebTorrent.VERSION !== VERSIONS.webtorrent) throw broken('WebTorrent.VERSION')
  checkMethods('Wire', Wire.prototype, WIRE_METHODS)
  checkMethods('Torrent', TorrentClass.prototype, TORRENT_METHODS)
  const wire = new Wire('selftest')
  if (wire._readableState.buffered !== 0) throw broken('Wire._readableState.buffered')
  if (typeof wire._read !== 'function') throw broken('Wire._read')
  wire.destroy()
}

/** Checks that `owner` has each method with its number of parameters. For the test, too. */
export function checkMethods(
  label: string,
  owner: object,
  methods: Readonly<Record<string, number>>,
): void {
  for (const [name, arity] of Object.entries(methods)) {
    const method: unknown = Reflect.get(owner, name)
    if (typeof method !== 'function' || method.length !== arity) throw broken(`${label}.${name}`)
  }
}

function versionOf(name: string): string {
  const path = fileURLToPath(new URL('package.json', import.meta.resolve(name)))
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (typeof parsed !== 'object' || parsed === null || !('version' in parsed)) return ''
  return String(parsed.version)
}

function broken(seam: string): LntError {
  return new LntError({ code: 'SEAM_BROKEN', seam })
}

/** `torrentPort` is handed to net.Server.listen as it is: so it can name a host as well. */
export function listenAt(port: number, host: string | undefined): unknown {
  return host === undefined ? port : { port, host }
}

/** Bounds incoming connections: stock `maxConns` counts outgoing ones only. */
export function limitIncoming(client: WebTorrent, connections: number): void {
  const server = client._connPool?.tcpServer
  if (server) server.maxConnections = connections
}

/** What takes the place of stock torrent behaviour. */
export interface TorrentOverrides {
  /** Fills the bitfield at start: calls `mark` for each piece that is there. */
  verify(mark: (piece: number) => void): Promise<void>
  /** A wire whose torrent is ready: serving, interest, announcing are ours from here on. */
  attach(wire: Wire): void
  fail(err: unknown): void
}

/** Replaces the stock scheduler, verifier and wire handling of one torrent. */
export function takeOver(torrent: Torrent, overrides: TorrentOverrides): void {
  torrent._update = () => undefined
  torrent._updateWireInterest = () => undefined
  torrent._onWireWithMetadata = (wire) => overrides.attach(wire)
  torrent._verifyPieces = (callback) => {
    overrides
      .verify((piece) => torrent._markVerified(piece))
      // In a turn of its own: what stock code then throws is not a failed search.
      .then(() => setImmediate(() => callback(null)))
      .catch((err: unknown) => overrides.fail(err))
  }
}

/** Hands over an info dict that was checked; resolves when the torrent is ready. */
export async function giveMetadata(torrent: Torrent, infoBytes: Uint8Array): Promise<void> {
  const ready = new Promise<void>((resolve) => torrent.once('ready', resolve))
  const closed = new Promise<void>((resolve) => torrent.once('close', resolve))
  torrent.once('metadata', () => {
    // Stock rarity is recounted over all pieces and wires at each bitfield; ours counts as it goes.
    torrent._rarityMap?.destroy()
    torrent._rarityMap = null
  })
  const ascii = new TextEncoder()
  await torrent._onMetadata(concat(ascii.encode('d4:info'), infoBytes, ascii.encode('e')))
  await Promise.race([ready, closed])
}

/** Marks a piece as held; tells trackers once all are. Announcing to peers is the caller's. */
export function markVerified(torrent: Torrent, piece: number, isLast: boolean): void {
  torrent._markVerified(piece)
  if (isLast) torrent._checkDone()
}

/** Switches Nagle's delay off: 87 ms a round trip otherwise (facts/webtorrent.md §1). */
export function setNoDelay(torrent: Torrent, wire: Wire): void {
  for (const peer of torrent._peers?.values() ?? [])
    if (peer.wire === wire) peer.conn?.setNoDelay?.(true)
}

/** Addresses whose attempts are counted; past that counting begins anew. */
const MAX_COUNTED = 4096

/**
 * First attempts go without encryption (two round trips less), every other one with it: a peer that speaks only one
 * of the two is reached again as well.
 */
export function alternateEncryption(torrent: Torrent): void {
  const attempts = new Map<string, number>()
  const add = torrent._addPeer.bind(torrent)
  torrent._addPeer = (address, type, source) => {
    const peer = add(address, type, source)
    if (!peer || typeof address !== 'string') return peer
    const before = attempts.get(address) ?? 0
    if (attempts.size >= MAX_COUNTED) attempts.clear()
    attempts.set(address, before + 1)
    peer.secure = before % 2
    return peer
  }
}

/** Keeps stock code from dialling a peer again whose wire we are about to end. */
export function neverDialAgain(torrent: Torrent, wire: Wire): void {
  for (const peer of torrent._peers?.values() ?? [])
    if (peer.wire === wire) peer.retries = Number.MAX_SAFE_INTEGER
}

/** Sends the extended handshake again, if it was sent: something in it changed. */
export function announceAgain(wire: Wire): void {
  if (wire._extendedHandshakeSent && !wire.destroyed) wire._sendExtendedHandshake()
}

/**
 * Replays an extended handshake that came before the extensions were there: stock code looks the
 * torrent up asynchronously, and a peer may pipeline its two handshakes.
 */
export function replayHandshake(wire: Wire): void {
  const handshake = wire.peerExtendedHandshake
  if (Object.keys(handshake).length === 0) return
  for (const [name, handler] of Object.entries(wire._ext))
    if (wire.peerExtendedMapping[name]) handler.onExtendedHandshake?.(handshake)
}

/** Bytes that wait in our process to be written to the peer. */
export function queuedBytes(wire: Wire): number {
  return wire._readableState.buffered
}

/**
 * Sends all that `act` sends in one write: a write each for a 17-byte request costs more than the
 * whole block that answers it.
 */
export function inOneWrite(wire: Wire, act: () => void): void {
  // Within another call of this: that one sends.
  if (Object.hasOwn(wire, '_push')) {
    act()
    return
  }
  const parts: Uint8Array[] = []
  wire._push = (bytes) => parts.push(bytes)
  try {
    act()
  } finally {
    Reflect.deleteProperty(wire, '_push')
    if (parts.length === 1 && parts[0]) wire._push(parts[0])
    else if (parts.length > 1) wire._push(Buffer.concat(parts))
  }
}

/** Calls back whenever the wire's outgoing queue has run (nearly) dry. */
export function onDrain(wire: Wire, drained: () => void): void {
  wire._read = (callback) => {
    drained()
    callback(null)
  }
}

/** The chunk store that stock code insists on; serving and verifying go past it. */
export function storeSeam(): AbstractChunkStore {
  const unused = (): LntError => broken('stock code used the chunk store')
  const end = (callback?: (err: Error | null) => void): void => callback?.(null)
  return {
    chunkLength: 16_384,
    put: (_index, _bytes, callback) => callback?.(unused()),
    get: (_index, _options, callback) => callback(unused()),
    close: end,
    destroy: end,
  }
}
