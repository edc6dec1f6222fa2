/**
 * Words on the command line as checked values: each parser throws `BAD_INPUT` with one sentence.
 * @module
 */
import { LntError } from '../core/errors.ts'
import { parseSat, SAT_MSAT } from '../core/money.ts'

/** Dearest price that can be asked for one piece: one payment of 10,000 sat (docs/protocol.md §7). */
const MAX_PRICE_MSAT = 10_000n * SAT_MSAT
/** 21 million bitcoin. */
const MAX_BUDGET_MSAT = 2_100_000_000_000_000n * SAT_MSAT

/** Refuses a word. commander passes on what is not its own, so that it is shown like every other mistake. */
export function refuse(what: string, hint: string): never {
  throw new LntError({ code: 'BAD_INPUT', what, hint })
}

/** Price of a piece, in sat. */
export function price(option: string): (text: string) => bigint {
  return (text) => parseSat(text, option, 1n, MAX_PRICE_MSAT)
}

/** A budget, in sat. */
export function budget(text: string): bigint {
  return parseSat(text, '--budget', SAT_MSAT, MAX_BUDGET_MSAT)
}

/** A whole number in a range. */
export function whole(what: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    return refuse(`${what} is ${text}`, `give a whole number from ${min} to ${max}`)
  }
}

/** A TCP port. */
export function port(option: string): (text: string) => number {
  return whole(option, 1, 65_535)
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
}

/** A number of bytes: `262144`, `256K`, `10G`, `10GB`, `1MiB` (units of 1,024). */
export function bytes(what: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const match = /^(\d{1,15})\s*([KMGT]?)i?B?$/i.exec(text)
    const value = Number(match?.[1]) * (UNITS[match?.[2]?.toUpperCase() ?? ''] ?? Number.NaN)
    if (value >= min && value <= max) return value
    return refuse(`${what} is ${text}`, `give ${min} to ${max} bytes, like 256K or 1M`)
  }
}

/** `host:port` of a peer. */
export function peer(text: string): string {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]{1,253}):(\d{1,5})$/i.exec(text)
  if (match && Number(match[2]) >= 1 && Number(match[2]) <= 65_535) return text
  return refuse(`--peer is ${text}`, 'give HOST:PORT')
}

/** URL of a tracker. */
export function tracker(text: string): string {
  if (URL.canParse(text) && /^(https?|udp|wss?):$/.test(new URL(text).protocol)) return text
  return refuse(`--tracker is ${text}`, 'give an http, https, udp, ws or wss URL')
}

/** Name of a profile: it becomes a folder. */
export function profile(text: string): string {
  if (/^[a-z0-9][a-z0-9_-]{0,31}$/.test(text)) return text
  return refuse(`--profile is ${text}`, 'give 1 to 32 of a-z, 0-9, - and _')
}

/** Adds one value of a repeatable option. */
export function gather<T>(parse: (text: string) => T): (text: string, before: T[]) => T[] {
  return (text, before) => [...before, parse(text)]
}
