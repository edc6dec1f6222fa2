/**
 * `--max-fee`: `1%`, `2` (sat) or `1%+1`.
 * @module
 */
import type { FeeRule } from '../client.ts'
import { refuse } from './options.ts'

/** Largest share and largest base that make sense: a fee above the price is a mistake. */
const MAX_PERCENT = 100
const MAX_BASE_SAT = 10_000

/** Reads a fee rule. */
export function feeRule(text: string): FeeRule {
  const match = /^(?:(\d{1,3}(?:\.\d{1,4})?)%)?(?:\+?(\d{1,5}))?$/.exec(text)
  const percent = Number(match?.[1] ?? 0)
  const baseSat = Number(match?.[2] ?? 0)
  if (!match || text === '' || percent > MAX_PERCENT || baseSat > MAX_BASE_SAT)
    refuse(`--max-fee is ${text}`, 'give 1%, 2 (sat) or 1%+1')
  return { ppm: BigInt(Math.round(percent * 10_000)), baseMsat: BigInt(baseSat) * 1000n }
}
