/**
 * A server for the length of one test.
 * @module
 */
import { type PlayerServer, servePlayer } from '../../src/player/server.ts'
import { type MemorySource, noise, realClock } from './source.ts'

/** Piece length, and a file that ends in a short piece. */
export const PIECE: number = 16 * 1024
export const FILE: Uint8Array = noise(200_001)

/** Serves a source while `act` runs; `failures` are the streams that broke off. */
export async function serving(
  source: MemorySource,
  act: (server: PlayerServer, failures: unknown[]) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  const failed = (err: unknown) => failures.push(err)
  const options = { source, clock: realClock, id: 'id', bytesPerSecond: 25_000_000, failed }
  const server = await servePlayer(options)
  try {
    await act(server, failures)
  } finally {
    await server.close()
  }
}
