/**
 * Addresses of this machine for `x.pe` in magnets (BEP 9): work at once here and on the LAN.
 * @module
 */
import { networkInterfaces } from 'node:os'

/** `host:port` of this machine: loopback first, then IPv4, then global IPv6 in brackets. */
export function ownAddresses(port: number): string[] {
  const outward = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((face) => !face.internal && !isLinkLocal(face.address))
  const v4 = outward.filter((face) => face.family === 'IPv4').map((face) => face.address)
  const v6 = outward.filter((face) => face.family === 'IPv6').map((face) => `[${face.address}]`)
  return [...new Set(['127.0.0.1', ...v4, ...v6])].map((host) => `${host}:${port}`)
}

/** Link-local addresses mean nothing without an interface name, which x.pe cannot carry. */
function isLinkLocal(address: string): boolean {
  return address.startsWith('169.254.') || /^fe[89ab]/i.test(address)
}
