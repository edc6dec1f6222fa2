/** Small sealed torrents from a seed, swarms on 127.0.0.1, and waiting for conditions with a bound. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ed25519 } from '@noble/curves/ed25519.js'
import type { TradeHandler } from '../../extensions/lnt-trade/peer.ts'
import { toHex } from '../../src/core/bytes.ts'
import { openSealedFiles, type SealedFiles } from '../../src/swarm/sealed-files.ts'
import {
  type Swarm,
  type SwarmOptions,
  type SwarmTorrent,
  startSwarm,
} from '../../src/swarm/swarm.ts'
import { applyCipher } from '../../torrents/cipher.ts'
import { buildInfo, type SealedTorrent } from '../../torrents/info.ts'

export interface Sample {
  readonly torrent: SealedTorrent
  readonly folder: string
  readonly paths: readonly string[]
  readonly plaintext: Buffer
  readonly ciphertext: Buffer
  readonly keyOf: (piece: number) => Uint8Array
  store(): Promise<SealedFiles>
  remove(): void
}

/** Bytes that depend on the seed only. */
export function bytesOf(seed: string, length: number): Buffer {
  const key = createHash('sha256').update(seed).digest()
  return Buffer.from(applyCipher(key, new Uint8Array(length)))
}

/** Cipher key of a piece of {@link makeSample}. */
export function keyOfSample(seed: string, piece: number): Uint8Array {
  return createHash('sha256').update(`${seed} key ${piece}`).digest()
}

/** A sealed torrent with its plaintext in a new folder. Several lengths make several files. */
export function makeSample(seed: string, lengths: readonly number[], pieceBytes: number): Sample {
  const total = lengths.reduce((sum, bytes) => sum + bytes, 0)
  const plaintext = bytesOf(seed, total)
  const keyOf = (piece: number): Uint8Array => keyOfSample(seed, piece)
  const pieces = Math.ceil(total / pieceBytes)
  const parts = Array.from({ length: pieces }, (_, i) =>
    applyCipher(keyOf(i), plaintext.subarray(i * pieceBytes, (i + 1) * pieceBytes)),
  )
  const ciphertext = Buffer.concat(parts)
  const sha1s = parts.map((part) => createHash('sha1').update(part).digest())
  const name = `${seed}.bin`
  const names = lengths.length === 1 ? [[name]] : lengths.map((_, i) => ['sub', `file ${i}`])
  const torrent = buildInfo({
    name,
    files: lengths.map((bytes, i) => ({ path: names[i] ?? [], bytes })),
    pieceBytes,
    pieceHashes: Buffer.concat(sha1s),
    c: 0,
    pk: ed25519.getPublicKey(createHash('sha256').update(seed).digest()),
    root: createHash('sha256').update(`${seed} root`).digest(),
    salt: createHash('sha256').update(`${seed} salt`).digest(),
  })
  const folder = mkdtempSync(join(tmpdir(), 'lnt-swarm-'))
  const paths = torrent.files.map(({ path, bytes, offset }) => {
    const full = join(folder, 'plain', ...path)
    mkdirSync(dirname(full), { recursive: true })
    writeFileSync(full, plaintext.subarray(offset, offset + bytes))
    return full
  })
  return {
    torrent,
    folder,
    paths,
    plaintext,
    ciphertext,
    keyOf,
    store: () => openSealedFiles({ torrent, paths, cipherKeyOf: keyOf }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A swarm on 127.0.0.1 that finds nobody by itself. */
export function localSwarm(options: Partial<SwarmOptions> = {}): Promise<Swarm> {
  return startSwarm({ host: '127.0.0.1', network: 'regtest', ...options })
}

/** Where a swarm is reached. */
export function addressOf(swarm: Swarm): string {
  return `127.0.0.1:${swarm.port}`
}

/** Resolves when the torrent has these pieces, or all. */
export function whole(live: SwarmTorrent, pieces: number = live.torrent.pieces): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (live.stats.heldPieces < pieces) return
      stop()
      resolve()
    }
    const stop = live.onVerified(look)
    look()
  })
}

/** Everything that a torrent holds, as one run of bytes. */
export async function allBytes(live: SwarmTorrent): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for (let piece = 0; piece < live.torrent.pieces; piece++) parts.push(await live.read(piece))
  return Buffer.concat(parts)
}

/** Fails after a bound instead of hanging; the timer does not keep the process. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for a condition, looking every few milliseconds. */
export async function until(what: string, holds: () => boolean, ms = 20_000): Promise<void> {
  const end = performance.now() + ms
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A handler that trades nothing and counts who came. */
export function countingHandler(): TradeHandler & {
  opened: (peer: unknown) => void
  met: string[]
} {
  const met: string[] = []
  return { met, opened: (peer) => met.push(labelOf(peer)), received: () => {}, closed: () => {} }
}

function labelOf(peer: unknown): string {
  return typeof peer === 'object' && peer !== null && 'label' in peer ? String(peer.label) : ''
}

/** What a magnet would say. */
export function idOf(torrent: SealedTorrent): { infoHash: Uint8Array; infoSha256: Uint8Array } {
  return { infoHash: torrent.infoHash, infoSha256: torrent.infoSha256 }
}

/** Short name for messages. */
export function shortId(torrent: SealedTorrent): string {
  return toHex(torrent.infoHash).slice(0, 8)
}
