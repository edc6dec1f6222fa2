/**
 * What a user may choose, with the defaults (docs/limits.md).
 * @module
 */
import envPaths from 'env-paths'
import type { FeeRule } from '../core/budget.ts'
import { SAT_MSAT } from '../core/money.ts'

export type { FeeRule } from '../core/budget.ts'

/** How a client is opened. */
export interface ClientOptions {
  /** Folder of profiles, keys and play money. */
  readonly dataDir: string
  /** Wallet, journal and key ring of its own; one process at a time. */
  readonly profile: string
  /** `regtest:`, `regtest://127.0.0.1:PORT`, `ledger://127.0.0.1:PORT`. */
  readonly wallet: string
  /** Without it, the port that the profile had before, else any. */
  readonly torrentPort?: number
  /** Trackers to announce to; none by default. */
  readonly trackers?: readonly string[]
  readonly dht?: boolean
  readonly lsd?: boolean
  /** Most ciphertext kept for others while viewing, bytes. */
  readonly spaceBytes?: number
}

/** How files are sealed; what is left out is chosen by size. */
export interface SealSettings {
  readonly pieceBytes?: number
  /** Coupons per span, a power of two. */
  readonly coupons?: number
  /** Chooses the coupons instead. */
  readonly buyers?: number
  /** First pieces given away. */
  readonly freePieces?: number
  readonly masterFile?: string
  readonly isAnonymous?: boolean
}

/** What a buyer allows. */
export interface BuySettings {
  /** Most spent on a torrent, what the journal shows already counts. */
  readonly budgetMsat?: bigint
  /** Dearest piece. */
  readonly maxPriceMsat?: bigint
  readonly feeRule?: FeeRule
  readonly isTrusted?: boolean
  /** Peers to dial, `host:port`. */
  readonly peers?: readonly string[]
}

/** Play money's defaults; with real money a budget must be given. */
export const DEFAULT_BUDGET_MSAT: bigint = 100_000n * SAT_MSAT
/** See {@link DEFAULT_BUDGET_MSAT}. */
export const DEFAULT_MAX_PRICE_MSAT: bigint = 1_000n * SAT_MSAT
/** Price of a piece when neither the user nor an earlier run has set one. */
export const DEFAULT_PRICE_MSAT: bigint = 5n * SAT_MSAT
/** 10 GiB of ciphertext. */
export const DEFAULT_SPACE_BYTES: number = 10 * 2 ** 30

/** The data directory: what the user names, else the system's place for an application's data. */
export function dataDirectory(named?: string): string {
  return named ?? process.env['LNTORRENT_DATA_DIR'] ?? envPaths('lntorrent', { suffix: '' }).data
}
