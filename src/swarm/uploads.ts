/**
 * Serving blocks on one wire: in order, never more in memory than the peer takes off.
 * @module
 */
import type Wire from 'bittorrent-protocol'
import { LntError } from '../core/errors.ts'
import { dropWire, MAX_PEER_REQUESTS } from './guard.ts'
import type { ReadCache } from './read-cache.ts'
import { inOneWrite, onDrain, queuedBytes } from './seams.ts'

/** Bytes read or queued for one peer at a time; the kernel's send buffer comes on top. */
const AHEAD_BYTES = 512 * 1024

/** What serving needs from the torrent. */
export interface UploadPorts {
  readonly cache: ReadCache
  readonly has: (piece: number) => boolean
  /** The store could not read what it had: the torrent cannot be served any more. */
  readonly failed: (err: unknown) => void
}

interface Asked {
  readonly piece: number
  readonly offset: number
  readonly length: number
  readonly respond: (err: Error | null, block: Uint8Array | null) => void
}

/** Answers the peer's requests until the wire closes. */
export function serveBlocks(wire: Wire, { cache, has, failed }: UploadPorts): void {
  let queue: Asked[] = []
  let readingBytes = 0
  let answers: (() => void)[] = []
  let isDue = false
  wire.on('request', (piece: number, offset: number, length: number, respond: Asked['respond']) => {
    if (!has(piece)) return refuse(wire, respond)
    // Cancelled ones stay in the queue until their turn: this bounds request-and-cancel floods.
    if (queue.length >= 2 * MAX_PEER_REQUESTS)
      return dropWire(wire, new LntError({ code: 'BAD_PEER', why: 'request and cancel flood' }))
    queue.push({ piece, offset, length, respond })
    pumpSoon()
  })
  wire.once('close', () => {
    queue = []
  })
  onDrain(wire, pump)

  /** Once for all requests that came in one chunk: their blocks leave in one write. */
  function pumpSoon(): void {
    if (isDue) return
    isDue = true
    queueMicrotask(() => {
      isDue = false
      pump()
    })
  }

  /** Once for all blocks of one chunk that was read. */
  function answerSoon(answer: () => void): void {
    answers.push(answer)
    if (answers.length > 1) return
    queueMicrotask(() => {
      const ready = answers
      answers = []
      inOneWrite(wire, () => {
        for (const each of ready) each()
      })
    })
  }

  function pump(): void {
    // Stock `choke` rejects all that was asked: nothing in the queue is wanted then.
    if (wire.peerRequests.length === 0 && readingBytes === 0) queue = []
    if (queue.length === 0 || readingBytes + queuedBytes(wire) >= AHEAD_BYTES) return
    inOneWrite(wire, () => {
      const room = AHEAD_BYTES - readingBytes - queuedBytes(wire)
      for (let bytes = 0; queue.length > 0 && bytes < room; ) bytes += serve(queue.shift())
    })
  }

  /** Returns how many bytes that is. */
  function serve(asked: Asked | undefined): number {
    if (!asked || !isOpen(wire, asked)) return 0
    const { piece, offset, length, respond } = asked
    const block = cache.peek(piece, offset, length)
    if (block) {
      respond(null, block)
      return length
    }
    readingBytes += length
    cache
      .load(piece, offset, length)
      .then((loaded) => answerSoon(() => respond(null, loaded)))
      .catch((err: unknown) => {
        respond(err instanceof Error ? err : new Error(String(err)), null)
        failed(err)
      })
      .finally(() => {
        readingBytes -= length
        pump()
      })
    return length
  }
}

function isOpen(wire: Wire, asked: Asked): boolean {
  return wire.peerRequests.some(
    (open) =>
      open.piece === asked.piece && open.offset === asked.offset && open.length === asked.length,
  )
}

/** BEP 6 has an answer for what we lack; without it a peer only asks for what we announced. */
function refuse(wire: Wire, respond: Asked['respond']): void {
  if (wire.hasFast) respond(new Error('we do not have it'), null)
  else dropWire(wire, new LntError({ code: 'BAD_PEER', why: 'asked for a piece we never had' }))
}
