/**
 * Words on the command line as checked values: each parser gives one sentence when it refuses.
 * @module
 */
import { InvalidArgumentError } from 'commander'
import { LntError } from '../core/errors.ts'
import { parseSat, SAT_MSAT } from '../core/money.ts'

/** Dearest price that can be asked for one piece: one payment of 10,000 sat (docs/protocol.md §7). */
const MAX_PRICE_MSAT = 10_000n * SAT_MSAT
/** 21 million bitcoin. */
const MAX_BUDGET_MSAT = 2_100_000_000_000_000n * SAT_MSAT

/** A commander parser from one that throws LntError. */
function parser<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (err) {
      if (err instanceof LntError && err.detail.code === 'BAD_INPUT')
        throw new InvalidArgumentError(`${err.detail.what}: ${err.detail.hint ?? ''}`)
      throw err
    }
  }
}

/** Price of a piece, in sat. */
export const price: (text: string) => bigint = parser((text) =>
  parseSat(text, 'the price', 1n, MAX_PRICE_MSAT),
)

/** A budget, in sat. */
export const budget: (text: string) => bigint = parser((text) =>
  parseSat(text, 'the budget', SAT_MSAT, MAX_BUDGET_MSAT),
)

/** A whole number in a range. */
export function whole(what: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`${what} must be a whole number from ${min} to ${max}`)
  }
}

/** A TCP port. */
export const port: (text: string) => number = whole('a port', 1, 65_535)

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
    throw new InvalidArgumentError(`${what} must be from ${min} to ${max} bytes, like 256K or 1M`)
  }
}

/** `host:port` of a peer. */
export function peer(text: string): string {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]{1,253}):(\d{1,5})$/i.exec(text)
  if (match && Number(match[2]) >= 1 && Number(match[2]) <= 65_535) return text
  throw new InvalidArgumentError('a peer is HOST:PORT')
}

/** URL of a tracker. */
export function tracker(text: string): string {
  if (URL.canParse(text) && /^(https?|udp|wss?):$/.test(new URL(text).protocol)) return text
  throw new InvalidArgumentError('a tracker is an http, https, udp, ws or wss URL')
}

/** Name of a profile: it becomes a folder. */
export function profile(text: string): string {
  if (/^[a-z0-9][a-z0-9_-]{0,31}$/.test(text)) return text
  throw new InvalidArgumentError('a profile is 1 to 32 of a-z, 0-9, - and _')
}

/** Adds one value of a repeatable option. */
export function gather<T>(parse: (text: string) => T): (text: string, before: T[]) => T[] {
  return (text, before) => [...before, parse(text)]
}
