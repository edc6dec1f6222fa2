/**
 * Peers that were dropped for a fault are not spoken to again for a while.
 * @module
 */
import type Wire from 'bittorrent-protocol'

/** How long a ban lasts, ms. */
export const BAN_MS: number = 10 * 60 * 1000
/** Most addresses remembered; the oldest are forgotten first. */
const MAX_BANS = 10_000

/** Addresses by the time their ban ends. */
export class Bans {
  readonly #untilMs = new Map<string, number>()

  /** Bans where the wire comes from. */
  add(wire: Wire): void {
    this.#untilMs.set(addressOf(wire), Date.now() + BAN_MS)
    for (const oldest of this.#untilMs.keys()) {
      if (this.#untilMs.size <= MAX_BANS) break
      this.#untilMs.delete(oldest)
    }
  }

  /** Whether the wire comes from a banned address. */
  has(wire: Wire): boolean {
    return (this.#untilMs.get(addressOf(wire)) ?? 0) > Date.now()
  }
}

/** Many share a loopback address or dial from new ports: there a host means nothing, elsewhere it does. */
function addressOf({ remoteAddress = '', remotePort = 0 }: Wire): string {
  return isLoopback(remoteAddress) ? `${remoteAddress}:${remotePort}` : remoteAddress
}

/** Whether a host is this machine's loopback. */
export function isLoopback(host: string): boolean {
  return host === '::1' || /^(::ffff:)?127\./.test(host)
}
