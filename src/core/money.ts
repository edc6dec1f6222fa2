/**
 * Amounts for people: satoshi at the edges, bigint msat inside.
 * @module
 */
import { LntError } from './errors.ts'

/** One satoshi in msat. */
export const SAT_MSAT = 1000n

/** Largest amount of one payment, msat: 10,000 sat go in one part (docs/protocol.md §7). */
export const MAX_PAYMENT_MSAT: bigint = 10_000n * SAT_MSAT

/** `1234.5 sat`: satoshi with at most three decimals. */
export function formatSat(msat: bigint): string {
  const sign = msat < 0n ? '-' : ''
  const whole = msat < 0n ? -msat : msat
  const rest = String(whole % SAT_MSAT)
    .padStart(3, '0')
    .replace(/0+$/, '')
  const sats = (whole / SAT_MSAT).toLocaleString('en-US')
  return `${sign}${sats}${rest ? `.${rest}` : ''} sat`
}

/**
 * msat of a decimal number of satoshi, at most three decimals.
 * @param what - what it is, for the message
 * @throws {@link LntError} `BAD_INPUT`
 */
export function parseSat(text: string, what: string, minMsat: bigint, maxMsat: bigint): bigint {
  const match = /^(\d{1,16})(?:\.(\d{1,3}))?$/.exec(text)
  const msat = match
    ? BigInt(match[1] ?? '0') * SAT_MSAT + BigInt((match[2] ?? '').padEnd(3, '0'))
    : -1n
  if (msat < minMsat || msat > maxMsat)
    throw new LntError({
      code: 'BAD_INPUT',
      what: `${what} is ${text}`,
      hint: `give it in satoshi, ${formatSat(minMsat)} to ${formatSat(maxMsat)}`,
    })
  return msat
}
