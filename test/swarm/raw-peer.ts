/** A hostile peer: bytes over a plain socket, as far from any client as one likes. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { concat, u32 } from '../../src/core/bytes.ts'

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/** The 68 bytes of a handshake with BEP 10 and BEP 6 on. */
export function handshake(infoHash: Uint8Array, id = 'hostile'): Uint8Array {
  const reserved = Uint8Array.of(0, 0, 0, 0, 0, 0x10, 0, 0x04)
  const peerId = ascii(`-XX0001-${id.padEnd(12, '.')}`.slice(0, 20))
  return concat(Uint8Array.of(19), ascii('BitTorrent protocol'), reserved, infoHash, peerId)
}

/** One message: length, id, payload. */
export function message(id: number, ...payload: readonly Uint8Array[]): Uint8Array {
  const body = concat(Uint8Array.of(id), ...payload)
  return concat(u32(body.length), body)
}

/** An extended message (BEP 10). */
export function extended(
  id: number,
  text: string,
  tail: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return message(20, Uint8Array.of(id), ascii(text), tail)
}

/** A connection of it. */
export interface RawPeer {
  readonly socket: Socket
  /** Everything that came back. */
  received(): Buffer
  send(...parts: readonly Uint8Array[]): void
  /** Resolves when the other side hangs up. */
  readonly ended: Promise<void>
  close(): void
}

/** Dials and says nothing yet. */
export async function dial(port: number): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1' })
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return rawPeer(socket)
}

/** Listens; `talk` gets each connection. */
export async function listen(
  talk: (peer: RawPeer) => void,
): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => talk(rawPeer(socket)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return { port: address.port, server }
}

function rawPeer(socket: Socket): RawPeer {
  const parts: Buffer[] = []
  socket.on('data', (data: Buffer) => parts.push(data))
  socket.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return {
    socket,
    received: () => Buffer.concat(parts),
    send: (...bytes) => {
      socket.write(concat(...bytes))
    },
    ended,
    close: () => socket.destroy(),
  }
}
