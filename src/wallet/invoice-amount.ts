/**
 * The human-readable part of an invoice: network and amount (BOLT 11, Human-Readable Part).
 * @module
 */
import { LntError } from '../core/errors.ts'
import type { Network } from '../core/network.ts'

const PREFIXES: Readonly<Record<Network, string>> = {
  regtest: 'lnbcrt',
  signet: 'lntbs',
  testnet: 'lntb',
  bitcoin: 'lnbc',
}

/** Tenths of a millisatoshi (10^-12 bitcoin, BOLT 11's smallest unit) in one of each multiplier. */
const MULTIPLIERS = [
  { letter: '', tenths: 1_000_000_000_000n },
  { letter: 'm', tenths: 1_000_000_000n },
  { letter: 'u', tenths: 1_000_000n },
  { letter: 'n', tenths: 1_000n },
  { letter: 'p', tenths: 1n },
] as const

/** All bitcoin there will ever be: 21 million. */
const MAX_AMOUNT_MSAT = 2_100_000_000_000_000_000n

/** More digits than 21 million bitcoin have in the smallest unit. */
const HUMAN_PART = /^(ln(?:bcrt|bc|tbs|tb))(?:([1-9][0-9]{0,19})([munp]?))?$/

/** What an invoice says before its last `1`. */
export interface HumanPart {
  readonly network: Network
  /** 1 msat … 21 million bitcoin. */
  readonly amountMsat: bigint
}

/**
 * Reads the human-readable part, lower case.
 * @throws {@link LntError} `BAD_INVOICE`: unknown network, no amount, or one finer than 1 msat
 */
export function readHumanPart(text: string): HumanPart {
  const match = HUMAN_PART.exec(text)
  const network = Object.entries(PREFIXES).find(([, prefix]) => prefix === match?.[1])?.[0]
  if (match === null || !isNetwork(network)) throw bad('human-readable part')
  const multiplier = MULTIPLIERS.find(({ letter }) => letter === match[3])
  if (match[2] === undefined || multiplier === undefined) throw bad('no amount')
  const tenths = BigInt(match[2]) * multiplier.tenths
  if (tenths % 10n !== 0n) throw bad('finer than 1 msat')
  const amountMsat = tenths / 10n
  if (amountMsat > MAX_AMOUNT_MSAT) throw bad('more than all bitcoin')
  return { network, amountMsat }
}

/** Writes the human-readable part in its shortest form. */
export function writeHumanPart({ network, amountMsat }: HumanPart): string {
  if (amountMsat < 1n || amountMsat > MAX_AMOUNT_MSAT) throw new RangeError('invoice amount')
  const tenths = amountMsat * 10n
  const multiplier = MULTIPLIERS.find((unit) => tenths % unit.tenths === 0n) ?? MULTIPLIERS[4]
  return `${PREFIXES[network]}${tenths / multiplier.tenths}${multiplier.letter}`
}

function isNetwork(text: string | undefined): text is Network {
  return text !== undefined && text in PREFIXES
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_INVOICE', why })
}
