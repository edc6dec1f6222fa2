/**
 * Every error lntorrent throws on purpose: one class, one catalogue (docs/errors.md).
 * @module
 */

/** What went wrong, one variant a code. Amounts are in millisatoshi. Codes never change meaning. */
export type ErrorDetail =
  /** A peer sent bytes that are not a valid message. The peer is dropped. */
  | { readonly code: 'BAD_MESSAGE'; readonly why: string }
  /** An offer failed a check of docs/protocol.md §7. The peer is dropped; nothing was paid. */
  | { readonly code: 'BAD_OFFER'; readonly why: string }
  /** A peer broke a rule of docs/protocol.md §8 or went over a limit of docs/limits.md. It is dropped. */
  | { readonly code: 'BAD_PEER'; readonly why: string }
  /** Record rows or a Merkle path do not fold to the torrent's root (docs/protocol.md §5). */
  | { readonly code: 'BAD_PROOF'; readonly why: string }
  /** A paid key, or what it opens, does not meet its commitment: evidence (docs/protocol.md §10). */
  | { readonly code: 'BAD_KEY'; readonly why: string; readonly span: number }
  /** A .torrent or info dict is malformed, or not one we accept (docs/protocol.md §5). */
  | { readonly code: 'BAD_TORRENT'; readonly why: string }
  /** A magnet link is malformed, or lacks x.lnt (docs/protocol.md §5). */
  | { readonly code: 'BAD_MAGNET'; readonly why: string }
  /** A BOLT 11 invoice is malformed, or not one we accept (docs/protocol.md §7). */
  | { readonly code: 'BAD_INVOICE'; readonly why: string }
  /** The torrent is an ordinary one: nothing in it is sealed or for sale. */
  | { readonly code: 'NOT_SEALED'; readonly name: string }
  /** Something the user typed, or a file that the user named, cannot be used. `hint` says what to do. */
  | { readonly code: 'BAD_INPUT'; readonly what: string; readonly hint?: string }
  /** The file that is sealed or seeded is no longer what it was when it was sealed. */
  | { readonly code: 'FILE_CHANGED'; readonly path: string }
  /** The operating system refused a file operation (disk full, permission, ...). */
  | { readonly code: 'FILE_SYSTEM'; readonly path: string; readonly why: string }
  /** Another process has this profile open. */
  | { readonly code: 'PROFILE_LOCKED'; readonly profile: string; readonly pid: number }
  /** The port that was asked for is taken. */
  | { readonly code: 'PORT_IN_USE'; readonly port: number }
  /** A `--wallet` address names no wallet that we know. */
  | { readonly code: 'UNKNOWN_WALLET'; readonly address: string }
  /** The wallet cannot be reached, or is not ready. */
  | { readonly code: 'WALLET_UNAVAILABLE'; readonly why: string }
  /** The wallet's state belongs to another chain than the one that runs. */
  | { readonly code: 'WRONG_CHAIN'; readonly wallet: string; readonly chain: string }
  /** The wallet already has an invoice for this hash and cannot use a hash twice at once. */
  | { readonly code: 'HASH_IN_USE'; readonly hash: string }
  /** The outcome of a payment is not known: neither paid nor failed (money law 3). */
  | { readonly code: 'PAYMENT_UNKNOWN'; readonly hash: string; readonly why: string }
  /** A payment was refused before anything was sent: nothing is in flight. */
  | { readonly code: 'PAYMENT_REFUSED'; readonly hash: string; readonly why: string }
  /** The journal holds something that this version did not write. */
  | { readonly code: 'BAD_JOURNAL'; readonly why: string }
  /** The wallet broke its contract (src/wallet/wallet.ts): nothing may be concluded from its word. */
  | { readonly code: 'BAD_WALLET'; readonly why: string }
  /** The budget does not cover the purchase (money law 10). */
  | { readonly code: 'OVER_BUDGET'; readonly needMsat: bigint; readonly leftMsat: bigint }
  /** The hash was paid before, or its key is held: it is not paid again (money law 2). */
  | { readonly code: 'ALREADY_PAID'; readonly hash: string }
  /** The play-money network did not start, or answered with an error. */
  | { readonly code: 'REGTEST_FAILED'; readonly why: string }
  /** No player of that name was found, or it could not be started. */
  | { readonly code: 'NO_PLAYER'; readonly player: string }
  /** A dependency is not the version that a private seam was written for. */
  | { readonly code: 'SEAM_BROKEN'; readonly seam: string }
  /** An event arrived in a state that has no row for it. A bug on our side. */
  | {
      readonly code: 'BAD_TRANSITION'
      readonly machine: string
      readonly state: string
      readonly event: string
    }

/** All codes of the catalogue. */
export type ErrorCode = ErrorDetail['code']

/** The one error class. Switch on `detail.code`; never parse `message`. */
export class LntError extends Error {
  override readonly name = 'LntError'
  readonly detail: ErrorDetail

  constructor(detail: ErrorDetail, options?: ErrorOptions) {
    super(messageOf(detail), options)
    this.detail = detail
  }
}

/** Whether `err` is an {@link LntError} with this code. */
export function hasCode<C extends ErrorCode>(
  err: unknown,
  code: C,
): err is LntError & { readonly detail: Extract<ErrorDetail, { code: C }> } {
  return err instanceof LntError && err.detail.code === code
}

function messageOf({ code, ...rest }: ErrorDetail): string {
  const parts = Object.entries(rest).map(([key, value]) => `${key}: ${String(value)}`)
  return `${code} (${parts.join(', ')})`
}
