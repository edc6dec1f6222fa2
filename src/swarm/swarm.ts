/**
 * A BitTorrent node: one TCP port, many sealed torrents, `lnt_trade` on every wire.
 * @module
 */
import type { Swarm, SwarmOptions } from './ports.ts'

export type { JoinSpec, SeedSpec, Swarm, SwarmOptions } from './ports.ts'
export type { SwarmPeer, SwarmStats, SwarmTorrent } from './torrent.ts'

/**
 * Starts listening. webtorrent is loaded only now: it takes a quarter of a second, and its modules
 * await at top level, which tape's `require` cannot load.
 * @throws {@link LntError} `PORT_IN_USE`; `SEAM_BROKEN` when a dependency is not the pinned one
 */
export async function startSwarm(options: SwarmOptions): Promise<Swarm> {
  const { startNode } = await import('./node.ts')
  return startNode(options)
}
