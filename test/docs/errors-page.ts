/**
 * The page docs/errors.md: what each code means (from src/core/errors.ts), how a command ends with it, what to do.
 * @module
 */
import { readFileSync } from 'node:fs'
import { faultOf } from '../../src/cli/fault.ts'
import { type ErrorCode, type ErrorDetail, LntError } from '../../src/core/errors.ts'

/** What somebody who meets a code does about it. A code without a line here does not compile. */
const ADVICE: Readonly<Record<ErrorCode, string>> = {
  BAD_MESSAGE: 'Nothing: the peer is dropped, the others go on.',
  BAD_OFFER: 'Nothing: the peer is dropped, nothing was paid.',
  BAD_PEER: 'Nothing: the peer is dropped. A peer of your own making: compare it with limits.md.',
  BAD_PROOF: 'Nothing: the peer is dropped; rows come from another one.',
  BAD_KEY:
    'The seller lied and was paid for it: this torrent is not bought from it again. See money.md.',
  BAD_TORRENT:
    'Ask the publisher for the torrent again; `lntorrent inspect` shows what can be read.',
  BAD_MAGNET:
    'Copy the whole link, in quotes. Links rewritten by other clients lose `x.lnt`: take the one that `seed` printed.',
  BAD_INVOICE: 'Nothing: the offer is refused and its peer dropped; nothing was paid.',
  NOT_SEALED: 'Use any BitTorrent client: there is nothing to pay for.',
  BAD_INPUT: 'Do what the sentence says; `--help` lists what can be said.',
  FILE_CHANGED:
    'Put the old file back, or seal the new one: it becomes another torrent with another magnet.',
  FILE_SYSTEM: 'Free some space, or mend the permission, and run the command again: it goes on.',
  PROFILE_LOCKED: 'End the process that is named, or choose another `--profile`.',
  PORT_IN_USE: 'Choose another port, or leave the option out.',
  UNKNOWN_WALLET: 'Use one of the addresses that the sentence lists.',
  WALLET_UNAVAILABLE:
    'Look at `lntorrent regtest status`; the command can be run again, nothing is lost.',
  WRONG_CHAIN:
    '`lntorrent regtest reset --wallets` begins anew and forgets all play money. Keys bought before stay.',
  HASH_IN_USE:
    'Nothing: another coupon is taken. With a wallet shared by two programs: give each its own.',
  PAYMENT_UNKNOWN:
    'Wait, or start again with the same profile and wallet: the journal follows the payment to its end.',
  PAYMENT_REFUSED: 'Nothing is in flight. Another seller or another offer is tried.',
  BAD_JOURNAL: 'Keep the folder; do not delete it. Report it with the sentence.',
  BAD_WALLET: 'Report it: a wallet said what cannot be. Nothing was concluded from it.',
  OVER_BUDGET: 'Give a larger `--budget`; what was bought is kept and counts.',
  ALREADY_PAID: 'Nothing: the key is there, or on its way.',
  REGTEST_FAILED:
    'Read `regtest/regtest.log` in the data directory; `lntorrent regtest stop` and another start often help.',
  NO_PLAYER: 'Install mpv or VLC, or use `--player none` and open the printed address.',
  SEAM_BROKEN:
    'Install the exact versions of package-lock.json (`npm ci`): webtorrent is not the one this was written for.',
  BAD_TRANSITION: 'Report it: a bug. The journal holds the state before it.',
}

/** A variant of `ErrorDetail`: the comment before it, and its code. */
const VARIANT = /\/\*\* ([^*]+?) \*\/\s*\|\s*\{\s*readonly code: '([A-Z_]+)'/g

/** Codes and their meanings, as src/core/errors.ts has them, in its order. */
export function catalogue(): readonly (readonly [code: string, meaning: string])[] {
  const source = readFileSync(new URL('../../src/core/errors.ts', import.meta.url), 'utf8')
  return [...source.matchAll(VARIANT)].map(([, meaning = '', code = '']) => [code, meaning])
}

/** Markdown of docs/errors.md; a test compares the file with it. */
export function errorsPage(): string {
  const advice = new Map(Object.entries(ADVICE))
  const rows = catalogue().map(
    ([code, meaning]) => `| \`${code}\` | ${exitCode(code)} | ${meaning} | ${advice.get(code)} |`,
  )
  return [
    '# Errors\n',
    'Generated from `src/core/errors.ts` (`npm run docs`). Every error that lntorrent throws on purpose is an `LntError`; its `detail.code` is one of these and never changes its meaning. The text of `message` may change: switch on the code.\n',
    'With `--json` a command that fails ends with `{ "event": "error", "code": …, "message": … }`; anything that ends no command comes as `"event": "failed"`. The exit code says whose fault it was: 2 the user\'s, 1 ours. A fault of a peer never ends a command: the peer is dropped. An error without a code is a bug, shown as `BUG` with its stack.\n',
    '| code | exit | meaning | what to do |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function exitCode(code: string): number {
  return faultOf(new LntError({ code, wallet: '', chain: '' } as ErrorDetail)).exitCode
}
