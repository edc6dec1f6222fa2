/**
 * The sentence of each error: what is wrong, and what to do next (docs/errors.md).
 * @module
 */
import type { ErrorCode, ErrorDetail } from '../core/errors.ts'
import { systemSentence } from './system-fault.ts'

type DetailOf<C extends ErrorCode> = Extract<ErrorDetail, { readonly code: C }>

type Sentences = {
  readonly [C in ErrorCode]: (detail: DetailOf<C>, cause: unknown) => string
}

const BROKEN_RULE = ({ why }: { readonly why: string }): string =>
  `a peer broke the rules and was dropped: ${why}; others go on`

const USED_HASH = ({ hash }: { readonly hash: string }): string =>
  `payment hash ${hash} was used before and is not used again; start again with the same profile`

const SENTENCES: Sentences = {
  BAD_INPUT: ({ hint, what }) => (hint === undefined ? what : `${what}: ${hint}`),
  BAD_MAGNET: ({ why }) =>
    `this magnet link cannot be used: ${why}; copy all of it, x.lnt too, and put it in quotes`,
  BAD_TORRENT: ({ why }) => `this torrent cannot be used: ${why}; get it again from where it came`,
  NOT_SEALED: ({ name }) =>
    `${name} is an ordinary torrent: nothing in it is sealed or for sale; use any BitTorrent client`,
  FILE_CHANGED: ({ path }) =>
    `${path} has changed since it was sealed: seed it again to seal it as it is now, or put the old file back`,
  FILE_SYSTEM: ({ path, why }, cause) => `${path}: ${systemSentence(cause) ?? why}`,
  PROFILE_LOCKED: ({ pid, profile }) =>
    `profile "${profile}" is in use by process ${pid}: end that one, or choose another with --profile NAME`,
  PORT_IN_USE: ({ port }) => `port ${port} is in use: choose another`,
  UNKNOWN_WALLET: ({ address }) =>
    `no such wallet: ${address}; known are regtest:, regtest://127.0.0.1:PORT, ledger: and ledger://127.0.0.1:PORT`,
  WRONG_CHAIN: ({ chain, wallet }) =>
    `this profile's wallet belongs to chain ${wallet.slice(0, 12)}, but chain ${chain.slice(0, 12)} runs: "lntorrent regtest stop", then "lntorrent regtest reset --wallets" begins anew and forgets all play money`,
  NO_PLAYER: ({ player }) =>
    `no player "${player}" found: install it, or use --player none and open the printed URL`,
  OVER_BUDGET: () => 'the budget is used up: give a larger --budget',
  BAD_MESSAGE: BROKEN_RULE,
  BAD_OFFER: BROKEN_RULE,
  BAD_PEER: BROKEN_RULE,
  BAD_PROOF: BROKEN_RULE,
  BAD_INVOICE: BROKEN_RULE,
  BAD_KEY: ({ span, why }) =>
    `what was sold is not what the torrent promises (span ${span}): ${why}; buy it elsewhere`,
  WALLET_UNAVAILABLE: ({ why }) =>
    `the wallet cannot be reached: ${why}; start again, nothing that was paid for is lost`,
  REGTEST_FAILED: ({ why }) =>
    `the play-money network failed: ${why}; "lntorrent regtest status" tells more`,
  BAD_JOURNAL: ({ why }) =>
    `the journal of this profile cannot be read (${why}): nothing was changed; keep the folder and ask for help before you delete it`,
  PAYMENT_UNKNOWN: ({ hash, why }) =>
    `the end of payment ${hash} is not known (${why}): start again with the same profile, it is never paid twice`,
  PAYMENT_REFUSED: ({ hash, why }) =>
    `payment ${hash} was not made: ${why}; nothing is under way, start again`,
  HASH_IN_USE: USED_HASH,
  ALREADY_PAID: USED_HASH,
  BAD_WALLET: ({ why }) =>
    `the wallet broke its word: ${why}; look at its payments before you start again`,
  SEAM_BROKEN: ({ seam }) =>
    `a dependency is not the version that this was made for (${seam}): run "npm ci"`,
  BAD_TRANSITION: ({ event, machine, state }) =>
    `a bug in lntorrent (${machine}: ${event} in state ${state}); please report it, the journal is as it was`,
}

/** The sentence of an error, one line. @param cause - what the operating system said, if it was asked */
export function sentenceOf(detail: ErrorDetail, cause?: unknown): string {
  return say(detail.code, detail, cause)
}

function say<C extends ErrorCode>(code: C, detail: DetailOf<C>, cause: unknown): string {
  return SENTENCES[code](detail, cause)
}
