/**
 * Whether an ask can be met, and for how much: every check that needs no coupon and no wallet (docs/protocol.md §7, §8).
 * @module
 */
import { type Ask, REJECT, type Terms } from '../../extensions/lnt-trade/message.ts'
import { freePieces } from '../../torrents/free.ts'
import { covers, exists } from '../core/geometry.ts'
import { spanPriceMsat } from '../core/price.ts'
import type { RecordProof } from '../core/purchase.ts'
import type { Stock } from './stock.ts'

/** What the asking peer can have. */
export interface Quote {
  /** Key of the span, 32 bytes. */
  readonly key: Uint8Array
  readonly record: RecordProof
  readonly amountMsat: bigint
}

/** Why it cannot: what a reject carries beside the id. */
export interface Refusal {
  /** One of `REJECT`. */
  readonly code: number
  /** Printable ASCII. */
  readonly text: string
  readonly waitMs?: number
}

/**
 * Quotes a price by the terms now in force.
 * @param isNewNonce - notes the ask's nonce; called once the ask is for these terms
 */
export function quote(
  ask: Ask,
  terms: Terms,
  stock: Stock,
  isNewNonce: (nonce: Uint8Array) => boolean,
): Quote | Refusal {
  if (ask.rev !== terms.rev) return { code: REJECT.oldRev, text: `terms are at rev ${terms.rev}` }
  if (ask.hops > terms.hops) return { code: REJECT.tooManyHops, text: `at most ${terms.hops}` }
  if (!isNewNonce(ask.nonce)) return { code: REJECT.loop, text: 'nonce seen before' }

  const { torrent, seller } = stock
  const existing = exists(torrent.pieces, ask.span) ? covers(torrent.pieces, ask.span).count : 0
  const paid = existing > 0 ? existing - freePieces(torrent, ask.span) : 0
  if (paid === 0) return { code: REJECT.badSpan, text: existing > 0 ? 'free' : 'no such span' }

  const key = seller.keyOf(ask.span)
  const record = stock.recordOf(ask.span)
  if (!key || !record) return { code: REJECT.noKey, text: 'no key' }

  const amountMsat = spanPriceMsat(terms, existing, paid)
  if (ask.mostMsat < amountMsat) return { code: REJECT.tooCheap, text: `${amountMsat} msat` }
  if (!ask.kinds.some((kind) => terms.kinds.includes(kind)))
    return { code: REJECT.noSuchKind, text: `kinds ${terms.kinds.join(' ')}` }
  return { key, record, amountMsat }
}
