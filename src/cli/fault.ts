/**
 * From an error to one clear sentence and an exit code: 2 the user's mistake, 1 ours.
 * @module
 */
import { CommanderError } from 'commander'
import { type ErrorDetail, LntError } from '../core/errors.ts'

/** What the process says and how it ends. */
export interface Fault {
  readonly code: string
  readonly sentence: string
  readonly exitCode: 1 | 2
}

/** Codes that are the user's to mend; all others are ours. */
const USER = new Set<ErrorDetail['code']>([
  'BAD_INPUT',
  'BAD_MAGNET',
  'BAD_TORRENT',
  'NOT_SEALED',
  'FILE_CHANGED',
  'FILE_SYSTEM',
  'PROFILE_LOCKED',
  'PORT_IN_USE',
  'UNKNOWN_WALLET',
  'WRONG_CHAIN',
  'NO_PLAYER',
  'OVER_BUDGET',
])

/** The one sentence for an error, with what to do next. */
export function faultOf(err: unknown): Fault {
  if (err instanceof CommanderError)
    return { code: 'BAD_INPUT', sentence: err.message, exitCode: err.exitCode === 0 ? 1 : 2 }
  if (!(err instanceof LntError)) return { code: 'BUG', sentence: bug(err), exitCode: 1 }
  const exitCode = USER.has(err.detail.code) ? 2 : 1
  return { code: err.detail.code, sentence: sentenceOf(err.detail), exitCode }
}

function bug(err: unknown): string {
  const text = err instanceof Error ? (err.stack ?? err.message) : String(err)
  return `a bug in lntorrent; please report it with this text:\n${text}`
}

function sentenceOf(detail: ErrorDetail): string {
  switch (detail.code) {
    case 'BAD_INPUT':
      return detail.hint === undefined ? detail.what : `${detail.what}: ${detail.hint}`
    case 'BAD_MAGNET':
      return `this magnet link cannot be used: ${detail.why}`
    case 'BAD_TORRENT':
      return `this torrent cannot be used: ${detail.why}`
    case 'NOT_SEALED':
      return `${detail.name} is an ordinary torrent: nothing in it is sealed or for sale; use any BitTorrent client`
    case 'FILE_CHANGED':
      return `${detail.path} has changed since it was sealed: seal it again, or put the old file back`
    case 'FILE_SYSTEM':
      return `${detail.path}: ${detail.why}`
    case 'PROFILE_LOCKED':
      return `profile "${detail.profile}" is in use by process ${detail.pid}: end that one, or choose another with --profile NAME`
    case 'PORT_IN_USE':
      return `port ${detail.port} is in use: choose another`
    case 'UNKNOWN_WALLET':
      return `no such wallet: ${detail.address}; known are regtest:, regtest://127.0.0.1:PORT, ledger: and ledger://127.0.0.1:PORT`
    case 'WRONG_CHAIN':
      return `this profile's wallet belongs to chain ${detail.wallet.slice(0, 12)}, but chain ${detail.chain.slice(0, 12)} runs: "lntorrent regtest reset --wallets" begins anew and forgets all play money`
    case 'NO_PLAYER':
      return `no player "${detail.player}" found: install it, or use --player none and open the printed URL`
    case 'WALLET_UNAVAILABLE':
      return `the wallet cannot be reached: ${detail.why}`
    case 'REGTEST_FAILED':
      return `the play-money network did not start: ${detail.why}; "lntorrent regtest status" tells more`
    case 'BAD_JOURNAL':
      return `the journal of this profile cannot be read (${detail.why}): nothing was changed; keep the folder and ask for help before you delete it`
    case 'OVER_BUDGET':
      return `the budget is used up: give a larger --budget`
    default:
      return new LntError(detail).message
  }
}
