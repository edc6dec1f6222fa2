/**
 * A peer's address in two forms: for people, and as the bucket in which limits count.
 * @module
 */
import type Wire from 'bittorrent-protocol'
import { isLoopback } from './bans.ts'

/** `host:port`, for people. */
export function labelOf({ remoteAddress = '?', remotePort = 0 }: Wire): string {
  const host = remoteAddress.replace(/^::ffff:/, '')
  return host.includes(':') ? `[${host}]:${remotePort}` : `${host}:${remotePort}`
}

/** IPv4 /24, IPv6 /48; on loopback each connection its own (docs/protocol.md §8). */
export function bucketOf(wire: Wire): string {
  const host = (wire.remoteAddress ?? '').replace(/^::ffff:/, '')
  if (host === '' || isLoopback(host)) return labelOf(wire)
  if (!host.includes(':')) return host.split('.').slice(0, 3).join('.')
  return groupsOf(host).slice(0, 3).join(':')
}

/** The eight groups of an IPv6 address, `::` filled in. */
function groupsOf(host: string): string[] {
  const [left = '', right] = host.split('%')[0]?.split('::') ?? []
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  const zeros = right === undefined ? 0 : Math.max(0, 8 - head.length - tail.length)
  return [...head, ...Array.from({ length: zeros }, () => '0'), ...tail]
}
