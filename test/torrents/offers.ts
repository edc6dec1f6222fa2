/** Offers of each kind, as an honest seller makes them, with what the buyer asked and how it looks at them. */
import { x25519 } from '@noble/curves/ed25519.js'
import { type Kind, NO_COUPON } from '../../src/core/purchase.ts'
import { couponTree, paymentHash, wrap } from '../../torrents/coupons.ts'
import { descriptionHash, signCertificate, signEndorsement } from '../../torrents/endorse.ts'
import { sealWrap } from '../../torrents/envelope.ts'
import { keyOf, publisherKey } from '../../torrents/keys.ts'
import type { OfferContext, OfferProof } from '../../torrents/offer.ts'
import type { Shelf } from './sealed.ts'

export const NOW = 1_800_000_000
const secretKey = new Uint8Array(32).fill(3)
const delegateSeed = new Uint8Array(32).fill(5)

export interface Bid {
  readonly offer: OfferProof
  readonly context: OfferContext
  readonly preimage: Uint8Array
}

export interface BidOptions {
  readonly kind: Exclude<Kind, 2>
  readonly j?: number
  /** Node of the coupon heap that a delegate endorses by; the publisher itself without it. */
  readonly delegateOf?: number
}

export function bid(from: Shelf, span: number, { kind, j = 0, delegateOf }: BidOptions): Bid {
  const { torrent, seeds, root, publisher, table } = from
  const key = keyOf(root, span)
  const preimage = kind === 1 ? seeds.preimage(span, j) : new Uint8Array(32).fill(4)
  const hash = paymentHash(preimage)
  const wrapped = wrap(key, preimage)
  const index = kind === 1 ? j : NO_COUPON
  const { infoSha256 } = torrent
  const described = descriptionHash({ infoSha256, kind, span, j: index, wrap: wrapped })
  const nonce = new Uint8Array(32).fill(6)
  const ours = { secretKey, publicKey: x25519.getPublicKey(secretKey) }
  const record = table.get(span)
  if (record === undefined) throw new Error(`no record of ${span}`)
  const fresh = new Uint8Array(32).fill(7)
  const sealed = sealWrap(wrapped, ours.publicKey, fresh, { span, j: index, hash })
  const wanted = { descriptionHash: described, hash, nonce }
  const certificate =
    delegateOf === undefined
      ? undefined
      : signCertificate(publisher, infoSha256, {
          x: delegateOf,
          dk: publisherKey(delegateSeed),
          certExp: NOW + 1e6,
        })
  const seed = certificate === undefined ? publisher : delegateSeed
  const endorsement = signEndorsement(seed, wanted, NOW + 180, certificate)
  return {
    preimage,
    context: { hash, descriptionHash: described, nonce, ours, nowSeconds: NOW },
    offer: {
      span,
      kind,
      record,
      ...sealed,
      ...(kind === 1 ? { coupon: { j, cpath: couponTree(seeds, span, key).path(j) } } : {}),
      ...(kind === 3 ? {} : { endorsement }),
    },
  }
}
