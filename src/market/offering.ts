/**
 * Makes the offer of a sale whose row is on disk: the word, the invoice, the sealed wrap (docs/protocol.md §7).
 * @module
 */
import type { Ask, Offer } from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { type CouponTree, wrap } from '../../torrents/coupons.ts'
import { descriptionHash, signEndorsement } from '../../torrents/endorse.ts'
import { sealWrap } from '../../torrents/envelope.ts'
import { OFFER_CLTV_DELTA, OFFER_TTL_SECONDS } from '../core/limits.ts'
import type { Sale } from '../core/sale.ts'
import type { Wallet } from '../wallet/wallet.ts'
import type { Quote } from './quote.ts'
import type { Endorser } from './stock.ts'

/** Everything that an offer is made from. */
export interface Offering {
  readonly peer: TradePeer
  readonly ask: Ask
  readonly quote: Quote
  /** On disk already (money law 7). */
  readonly sale: Sale
  /** The coupons of the span; exactly for kind 1. */
  readonly tree?: CouponTree
  /** Who gives its word for kinds 1 and 4. */
  readonly endorser?: Endorser
}

/** What making one needs. */
export interface OfferingPorts {
  readonly wallet: Pick<Wallet, 'hold'>
  /** Fresh random bytes. */
  readonly random: (length: number) => Uint8Array
}

/**
 * Signs, makes the hold invoice and seals the wrap to the asking peer.
 * @throws LntError `HASH_IN_USE`, `WALLET_UNAVAILABLE` from the wallet; `BAD_PEER` when the peer's key is bad
 */
export async function makeOffer(
  { peer, ask, quote, sale, tree, endorser }: Offering,
  { wallet, random }: OfferingPorts,
): Promise<Offer> {
  const { infoSha256, hash, span, kind, j, amountMsat, exp } = sale
  const wrapped = wrap(quote.key, sale.preimage)
  // Before the invoice: a peer whose key is no good must not cost one.
  const sealed = sealWrap(wrapped, peer.theirKey, random(32), { span, j, hash })
  const described = descriptionHash({ infoSha256, kind, span, j, wrap: wrapped })
  const endorsed = { descriptionHash: described, hash, nonce: ask.nonce }
  const endorsement =
    endorser && signEndorsement(endorser.secretSeed, endorsed, exp, endorser.certificate)
  const invoice = await wallet.hold({
    hash,
    amountMsat,
    descriptionHash: described,
    cltvDelta: OFFER_CLTV_DELTA,
  })
  return {
    type: 'offer',
    id: ask.id,
    span,
    kind,
    record: quote.record,
    ...sealed,
    invoice,
    ttlSeconds: OFFER_TTL_SECONDS,
    ...(tree ? { coupon: { j, cpath: tree.path(j) } } : {}),
    ...(endorsement ? { endorsement } : {}),
  }
}
