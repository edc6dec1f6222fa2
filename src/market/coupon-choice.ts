/**
 * Which coupon goes into the next offer for a span (docs/protocol.md §4, §7).
 * @module
 */
import { type CouponSeeds, paymentHash } from '../../torrents/coupons.ts'
import { hasCode } from '../core/errors.ts'
import { strangerCoupons } from '../core/limits.ts'
import type { CouponPlace, CouponRange, Coupons } from '../store/coupons.ts'
import type { Wallet } from '../wallet/wallet.ts'

/** A coupon that may be offered. */
export interface CouponChoice {
  readonly j: number
  /** 32 bytes. */
  readonly preimage: Uint8Array
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
}

/** What the choice is made from. */
export interface CouponSource {
  readonly seeds: CouponSeeds
  /** Numbers that are ours to offer, in the order in which they go. */
  readonly ranges: readonly CouponRange[]
  readonly book: Pick<Coupons, 'next' | 'counts' | 'find' | 'retire'>
  readonly wallet: Pick<Wallet, 'can' | 'lookupHold'>
}

/**
 * Chooses a coupon and takes it: a stranger gets one of the pool first, others a fresh one.
 * @param take - records the sale, synchronously, so that nobody else can choose the same coupon in between
 * @returns what `take` gave; undefined when no coupon may be offered
 * @throws LntError `WALLET_UNAVAILABLE`
 */
export async function takeCoupon<T>(
  source: CouponSource,
  place: CouponPlace,
  isStranger: boolean,
  take: (choice: CouponChoice) => T,
): Promise<T | undefined> {
  const fresh = async (): Promise<T | undefined> => {
    const choice = freshOne(source, place, isStranger)
    return choice && unlessTaken(() => take(choice))
  }
  const rested = async (): Promise<T | undefined> => {
    const choice = restedOne(source, place, isStranger)
    if (!choice || !(await isOver(source, choice))) return undefined
    return unlessTaken(() => take(choice))
  }
  const [first, then] = isStranger ? [rested, fresh] : [fresh, rested]
  return (await first()) ?? (await then())
}

/** Coupon numbers of a range without those that were handed to delegates. */
export function ownRanges(
  seeds: CouponSeeds,
  freshFrom: number,
  delegated: readonly CouponRange[],
): CouponRange[] {
  const { first, last } = seeds.range
  const ranges: CouponRange[] = []
  let from = Math.max(first, freshFrom)
  for (const gone of [...delegated].sort((a, b) => a.from - b.from)) {
    if (gone.from > from) ranges.push({ from, to: Math.min(gone.from, last + 1) })
    from = Math.max(from, gone.to)
  }
  ranges.push({ from, to: last + 1 })
  return ranges.filter((range) => range.from < range.to)
}

function freshOne(
  source: CouponSource,
  place: CouponPlace,
  isStranger: boolean,
): CouponChoice | undefined {
  if (isStranger && !hasRoom(source, place)) return undefined
  for (const range of source.ranges) {
    const j = source.book.next(place, range, { isStranger: false, canReuse: false })
    if (j !== undefined) return choiceOf(source, place, j)
  }
  return undefined
}

function restedOne(
  source: CouponSource,
  place: CouponPlace,
  isStranger: boolean,
): CouponChoice | undefined {
  if (!source.wallet.can.canReuseHash) return undefined
  for (const range of source.ranges) {
    const j = source.book.next(place, range, { isStranger: true, canReuse: true })
    const choice = j === undefined ? undefined : choiceOf(source, place, j)
    const row = choice && source.book.find(choice.hash)
    if (row?.state !== 'pool') continue
    // One that strangers have out already: it changes hands, their share does not grow.
    if (!isStranger || row.isStranger || hasRoom(source, place)) return choice
  }
  return undefined
}

/** Whether strangers together may have one more coupon of this span out. */
function hasRoom({ book }: CouponSource, place: CouponPlace): boolean {
  return book.counts(place).strangers < strangerCoupons(2 ** place.c)
}

/** Whether the wallet confirms that nothing is open or held under a coupon's hash any more. */
async function isOver({ wallet, book }: CouponSource, { hash }: CouponChoice): Promise<boolean> {
  const { status } = await wallet.lookupHold(hash)
  // Sold after all: it must not stand at the head of the pool for ever.
  if (status === 'settled') book.retire(hash)
  return status === 'none' || status === 'cancelled'
}

function choiceOf({ seeds }: CouponSource, { span }: CouponPlace, j: number): CouponChoice {
  const preimage = seeds.preimage(span, j)
  return { j, preimage, hash: paymentHash(preimage) }
}

/** Another torrent of the same content has been quicker: its coupons are these. */
function unlessTaken<T>(take: () => T): T | undefined {
  try {
    return take()
  } catch (err) {
    if (!hasCode(err, 'HASH_IN_USE')) throw err
    return undefined
  }
}
