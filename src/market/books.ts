/**
 * The books balance: msat out = msat in + fees + what was lost to chain, per hash, from journals alone
 * (docs/protocol.md §9, money law 8).
 * @module
 */
import { toHex } from '../core/bytes.ts'
import type { JournalEvent } from '../store/events.ts'
import type { Journal } from '../store/journal.ts'

/** What moved under one payment hash, in msat. */
export interface Entry {
  /** Hex. */
  readonly hash: string
  /** Paid by buyers, fees included. */
  readonly outMsat: bigint
  /** Received by sellers. */
  readonly inMsat: bigint
  readonly feesMsat: bigint
  /** Paid, and not received: the seller's claim was lost to the chain. */
  readonly lostMsat: bigint
  /** Amounts whose end is not known yet, on either side. */
  readonly openMsat: bigint
  /** `outMsat = inMsat + feesMsat + lostMsat`, and nothing is open. */
  readonly isBalanced: boolean
}

/** All hashes, and their sums. */
export interface Books extends Omit<Entry, 'hash'> {
  readonly entries: readonly Entry[]
}

/** One hash while it is added up. */
interface Account {
  outMsat: bigint
  inMsat: bigint
  feesMsat: bigint
  mayBeLostMsat: bigint
  openMsat: bigint
}

/**
 * Adds up the journals of one or several profiles. Both sides of a sale must be among them for its hash to balance;
 * see {@link cashOf} for one side alone.
 */
export function booksOf(journals: readonly Pick<Journal, 'events'>[]): Books {
  const accounts = new Map<string, Account>()
  for (const journal of journals)
    for (const last of lastEvents(journal.events())) {
      const hash = toHex(last.hash)
      const account = accounts.get(hash) ?? {
        outMsat: 0n,
        inMsat: 0n,
        feesMsat: 0n,
        mayBeLostMsat: 0n,
        openMsat: 0n,
      }
      accounts.set(hash, account)
      post(account, last)
    }
  const entries = [...accounts].map(([hash, account]) => entryOf(hash, account))
  return { entries, ...total(entries) }
}

/** What one profile has paid, received and spent on fees, in msat. */
export function cashOf(
  journal: Pick<Journal, 'events'>,
): Pick<Entry, 'outMsat' | 'inMsat' | 'feesMsat' | 'openMsat'> {
  const { outMsat, inMsat, feesMsat, openMsat } = booksOf([journal])
  return { outMsat, inMsat, feesMsat, openMsat }
}

/** The newest event of each machine's row: where its money is. */
function lastEvents(events: readonly JournalEvent[]): Iterable<JournalEvent> {
  const last = new Map<string, JournalEvent>()
  for (const event of events) last.set(`${event.machine} ${event.id}`, event)
  return last.values()
}

function post(account: Account, { machine, state, msat, feeMsat }: JournalEvent): void {
  switch (`${machine} ${state}`) {
    case 'purchase paid':
    case 'purchase opened':
    case 'purchase cheated':
      account.outMsat += msat + feeMsat
      account.feesMsat += feeMsat
      break
    case 'purchase paying':
    case 'purchase dead':
      account.openMsat += msat
      break
    case 'sale settled':
      account.inMsat += msat
      break
    case 'sale lost':
      account.mayBeLostMsat += msat
      break
    case 'sale held':
    case 'sale settling':
      account.openMsat += msat
  }
}

/** A claim that is gone is a loss only when the buyer has paid: else the money went back. */
function entryOf(hash: string, account: Account): Entry {
  const { outMsat, inMsat, feesMsat, mayBeLostMsat, openMsat } = account
  const missing = outMsat - inMsat - feesMsat
  const lostMsat = missing > 0n && missing <= mayBeLostMsat ? missing : 0n
  const isBalanced = missing === lostMsat && openMsat === 0n
  return { hash, outMsat, inMsat, feesMsat, lostMsat, openMsat, isBalanced }
}

function total(entries: readonly Entry[]): Omit<Entry, 'hash'> {
  const sum = (of: (entry: Entry) => bigint): bigint =>
    entries.reduce((all, entry) => all + of(entry), 0n)
  return {
    outMsat: sum((e) => e.outMsat),
    inMsat: sum((e) => e.inMsat),
    feesMsat: sum((e) => e.feesMsat),
    lostMsat: sum((e) => e.lostMsat),
    openMsat: sum((e) => e.openMsat),
    isBalanced: entries.every((e) => e.isBalanced),
  }
}
