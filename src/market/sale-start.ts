/**
 * Begins a sale: chooses how the span is sold, and puts the sale's row on disk (docs/protocol.md §6, §7).
 * @module
 */
import { type Ask, REJECT } from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { type CouponTree, paymentHash } from '../../torrents/coupons.ts'
import { ENDORSEMENT_GRACE_SECONDS } from '../../torrents/endorse.ts'
import type { Clock } from '../core/clock.ts'
import { OFFER_TTL_SECONDS } from '../core/limits.ts'
import { NO_COUPON } from '../core/purchase.ts'
import type { Sale } from '../core/sale.ts'
import type { Coupons } from '../store/coupons.ts'
import type { Journal } from '../store/journal.ts'
import type { Wallet } from '../wallet/wallet.ts'
import { takeCoupon } from './coupon-choice.ts'
import type { Quote, Refusal } from './quote.ts'
import type { Stock } from './stock.ts'

/** What a seller acts on. */
export interface SalePorts {
  readonly wallet: Wallet
  readonly journal: Pick<Journal, 'recordSale'>
  readonly coupons: Pick<Coupons, 'next' | 'counts' | 'find' | 'retire'>
  readonly clock: Clock
  /** Fresh random bytes. */
  readonly random: (length: number) => Uint8Array
}

/** An ask that was granted. */
export interface Granted {
  readonly peer: TradePeer
  readonly ask: Ask
  readonly quote: Quote
  /** Nothing was settled on this connection yet. */
  readonly isStranger: boolean
  /** Kinds sold now. */
  readonly kinds: readonly number[]
}

/** A sale whose row is on disk. */
export interface Begun {
  readonly sale: Sale
  /** The coupons of the span; exactly for kind 1. */
  readonly tree?: CouponTree
}

/**
 * Kind 1 while a coupon may be offered, else kind 4, as far as the peer asked for them.
 * @throws LntError `WALLET_UNAVAILABLE`; `FILE_SYSTEM` when the row is not on disk
 */
export async function beginSale(
  granted: Granted,
  stock: Stock,
  ports: SalePorts,
): Promise<Begun | Refusal> {
  const { ask, kinds } = granted
  const suits = (kind: number): boolean => ask.kinds.includes(kind) && kinds.includes(kind)
  const begun = suits(1) ? await byCoupon(granted, stock, ports) : undefined
  if (begun) return begun
  if (suits(4)) return { sale: byWord(granted, stock, ports) }
  if (suits(1)) return { code: REJECT.noCoupon, text: 'no coupon' }
  return { code: REJECT.noSuchKind, text: 'no such kind' }
}

/** Kind 1. */
async function byCoupon(
  granted: Granted,
  stock: Stock,
  ports: SalePorts,
): Promise<Begun | undefined> {
  const { ask, quote, isStranger } = granted
  const tree = stock.couponsOf(ask.span, quote.key, quote.record)
  const source = stock.couponSource
  if (!tree || !source) return undefined
  const { salt, c } = stock.torrent
  return takeCoupon(
    { ...source, book: ports.coupons, wallet: ports.wallet },
    { salt, c, span: ask.span },
    isStranger,
    ({ j, preimage, hash }) => {
      const sale: Sale = { ...draft(granted, stock, ports), kind: 1, j, preimage, hash }
      ports.journal.recordSale(sale, 'offer', { salt, c, isStranger })
      return { sale, tree }
    },
  )
}

/** Kind 4: a fresh hash, and the publisher's word for it. */
function byWord(granted: Granted, stock: Stock, ports: SalePorts): Sale {
  const preimage = ports.random(32)
  const hash = paymentHash(preimage)
  const sale: Sale = { ...draft(granted, stock, ports), kind: 4, j: NO_COUPON, preimage, hash }
  ports.journal.recordSale(sale, 'offer')
  return sale
}

/** What a row has whatever the kind. Both ends are reckoned from now, when the row is written. */
function draft(
  { peer, ask, quote }: Granted,
  { torrent }: Stock,
  { wallet, clock }: SalePorts,
): Omit<Sale, 'kind' | 'j' | 'preimage' | 'hash'> {
  const now = clock.nowMs()
  return {
    state: 'offered',
    infoSha256: torrent.infoSha256,
    span: ask.span,
    amountMsat: quote.amountMsat,
    exp: Math.floor(now / 1000) + OFFER_TTL_SECONDS + ENDORSEMENT_GRACE_SECONDS,
    expiresAtMs: now + OFFER_TTL_SECONDS * 1000,
    walletNode: wallet.nodeId,
    buyer: peer.address,
  }
}
