/**
 * Addresses in torrents and magnets: trackers (BEP 3, 12, 15) and peers (BEP 9). All come from outside.
 * @module
 */

/** Most trackers and most peers that are taken. */
export const MAX_TRACKERS = 64
export const MAX_PEERS = 64

/** Longest tracker URL, in characters. */
const MAX_URL = 1_024

/** Longest `host:port`: a DNS name has at most 253 characters. */
const MAX_PEER = 260

const SCHEMES: readonly string[] = ['http:', 'https:', 'udp:', 'ws:', 'wss:']

/** Whether a text is a tracker URL that a client may announce to. */
export function isTracker(text: string): boolean {
  if (text.length > MAX_URL || !URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return SCHEMES.includes(protocol) && hostname !== ''
}

/** Whether a text is `host:port` with a name, an IPv4 address or an IPv6 address in brackets, port 1 … 65,535. */
export function isPeer(text: string): boolean {
  if (text.length > MAX_PEER) return false
  const found =
    /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]{2,45}\]):([1-9][0-9]{0,4})$/i.exec(text)
  return found !== null && Number(found[1]) <= 65_535
}
