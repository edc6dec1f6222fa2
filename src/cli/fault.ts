/**
 * From an error to one clear sentence and an exit code: 2 the user's mistake, 1 ours.
 * @module
 */
import { CommanderError } from 'commander'
import { type ErrorDetail, LntError } from '../core/errors.ts'
import { sentenceOf } from './sentences.ts'

/** What the process says and how it ends. */
export interface Fault {
  readonly code: string
  readonly sentence: string
  readonly exitCode: 1 | 2
}

/** Codes that are the user's to mend; all others are ours. */
const USER: ReadonlySet<string> = new Set<ErrorDetail['code']>([
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
  if (err instanceof CommanderError) return { code: 'BAD_INPUT', sentence: usage(err), exitCode: 2 }
  if (!(err instanceof LntError)) return { code: 'BUG', sentence: bug(err), exitCode: 1 }
  const exitCode = USER.has(err.detail.code) ? 2 : 1
  return { code: err.detail.code, sentence: sentenceOf(err.detail, err.cause), exitCode }
}

/** commander's own words, which begin with "error: " and may have a guess on a second line. */
function usage({ message }: CommanderError): string {
  const text = message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')
  return `${text}; --help tells what can be said`
}

function bug(err: unknown): string {
  const text = err instanceof Error ? (err.stack ?? err.message) : String(err)
  return `a bug in lntorrent; please report it with this text:\n${text}`
}
