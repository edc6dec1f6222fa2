/**
 * From an offer to a purchase that may be paid: every check of docs/protocol.md §7 "Before paying".
 * @module
 */
import type { Ask, Offer, Terms } from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { checkOfferProof } from '../../torrents/offer.ts'
import { equal, toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import { MAX_PAYMENT_MSAT } from '../core/money.ts'
import type { Purchase } from '../core/purchase.ts'
import { type Invoice, parseInvoice } from '../wallet/invoice.ts'
import { holdsKey } from './sellers.ts'
import type { ShopPorts } from './shop-ports.ts'

/** Most blocks that a payment may be locked: to a seller that holds the key, and through a forwarder (§7). */
export const DIRECT_BLOCKS = 150
/** See {@link DIRECT_BLOCKS}. */
export const FORWARDED_BLOCKS = 220
/** Blocks that the invoice's delta must leave below the limit (§7; a sender pads the final hop). */
const CLTV_PADDING = 4

/** What the offer answers. */
export interface Question {
  readonly ask: Omit<Ask, 'type'>
  /** The price sheet that the ask names. */
  readonly terms: Terms
  readonly peer: TradePeer
}

type AcceptPorts = Pick<
  ShopPorts,
  'torrent' | 'book' | 'wallet' | 'journal' | 'keyring' | 'clock' | 'limits'
>

/**
 * Checks an offer and makes the row that the journal will keep. Its record goes into the book: it is proven.
 * @throws LntError `BAD_OFFER`, `BAD_INVOICE` the peer's fault; `ALREADY_PAID` money law 2
 */
export function acceptOffer(offer: Offer, question: Question, ports: AcceptPorts): Purchase {
  const { torrent, book, clock, limits } = ports
  const { ask, terms, peer } = question
  if (offer.span !== ask.span || !ask.kinds.includes(offer.kind)) throw bad('not what was asked')
  const invoice = parseInvoice(offer.invoice)
  checkInvoice(invoice, question, ports)
  const proven = checkOfferProof(torrent, offer, {
    hash: invoice.hash,
    descriptionHash: invoice.descriptionHash,
    nonce: ask.nonce,
    ours: { secretKey: peer.ourSecretKey, publicKey: peer.ourPublicKey },
    nowSeconds: Math.floor(clock.nowMs() / 1000),
  })
  book.addRecord(ask.span, offer.record)
  checkNew(invoice.hash, ask.span, ports)
  return {
    state: 'offered',
    infoSha256: torrent.infoSha256,
    span: ask.span,
    kind: offer.kind,
    j: proven.j,
    hash: invoice.hash,
    wrap: proven.wrap,
    record: offer.record,
    cpath: proven.cpath,
    invoice: offer.invoice,
    payee: invoice.payee,
    amountMsat: invoice.amountMsat,
    feeLimitMsat: limits.feeLimitMsat(invoice.amountMsat),
    nonce: ask.nonce,
    ...(offer.endorsement && { endorsement: offer.endorsement }),
    expiresAtMs: clock.nowMs() + Math.min(offer.ttlSeconds, terms.ttlSeconds) * 1000,
  }
}

/** Absolute CLTV limit of a payment for a span, from the height now (§7). */
export function expiryLimitHeight(height: number, terms: Terms, span: number): number {
  return height + mostBlocks(terms, span)
}

function mostBlocks(terms: Terms, span: number): number {
  return holdsKey(terms, span) ? DIRECT_BLOCKS : FORWARDED_BLOCKS
}

function checkInvoice(
  invoice: Invoice,
  { ask, terms }: Question,
  { wallet, clock }: AcceptPorts,
): void {
  if (invoice.network !== wallet.network) throw bad('invoice of another network')
  if (invoice.amountMsat !== ask.mostMsat) throw bad('not the price of the terms')
  if (invoice.amountMsat > MAX_PAYMENT_MSAT) throw bad('more than one part carries')
  if (invoice.expiresAtSeconds * 1000 <= clock.nowMs()) throw bad('invoice has expired')
  if (equal(invoice.payee, wallet.nodeId)) throw bad('invoice of our own node')
  const most = mostBlocks(terms, ask.span) - CLTV_PADDING
  if (invoice.cltvDelta > most) throw bad(`CLTV delta above ${most}`)
}

/** Money law 2: no hash twice, also not one whose payment failed; no key that is held. */
function checkNew(
  hash: Uint8Array,
  span: number,
  { torrent, journal, keyring }: AcceptPorts,
): void {
  if (journal.wasSent(hash) || keyring.get(torrent.infoSha256, span))
    throw new LntError({ code: 'ALREADY_PAID', hash: toHex(hash) })
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_OFFER', why })
}
