/**
 * A payment that is about to be made: an invoice, and the limits that LDK's router is to keep.
 * @module
 */
import * as ldk from 'lightningdevkit'
import { LntError } from '../../core/errors.ts'

/** Limits of one payment, as they are when it is sent. */
export interface Limits {
  readonly feeLimitMsat: bigint
  /** No HTLC may expire after this absolute height. */
  readonly expiryLimitHeight: number
  /** Height of the best block. */
  readonly height: number
}

/**
 * What LDK's router sets aside for its random CLTV offset when the limit leaves room (2 · 40 blocks over the
 * final delta). It does not when there is less, and then may use all of it for hops.
 */
const SHADOW_BLOCKS = 80

/** Expiry deltas count from the next block. */
const NEXT_BLOCK = 1

/** What LDK needs to pay one invoice. */
export interface Draft {
  /** 32 bytes. */
  readonly hash: Uint8Array
  readonly onion: ldk.RecipientOnionFields
  route(limits: Limits): ldk.RouteParameters
}

/**
 * Reads an invoice for paying.
 * @throws LntError `BAD_INVOICE` when it is malformed, signed wrongly, without an amount or of another network
 */
export function draftOf(text: string): Draft {
  const read = ldk.Bolt11Invoice.constructor_from_str(text)
  if (!(read instanceof ldk.Result_Bolt11InvoiceParseOrSemanticErrorZ_OK))
    throw bad('malformed, or its signature is wrong')
  const invoice = read.res
  if (invoice.currency() !== ldk.Currency.LDKCurrency_Regtest) throw bad('of another network')
  const drafted = ldk.UtilMethods.constructor_payment_parameters_from_invoice(invoice)
  const Ok = ldk.Result_C3Tuple_ThirtyTwoBytesRecipientOnionFieldsRouteParametersZNoneZ_OK
  if (!(drafted instanceof Ok)) throw bad('without an amount')
  const finalDelta = Number(invoice.min_final_cltv_expiry_delta())
  return {
    hash: drafted.res.get_a(),
    onion: drafted.res.get_b(),
    route: (limits) => limited(drafted.res.get_c(), finalDelta, limits),
  }
}

function limited(
  route: ldk.RouteParameters,
  finalDelta: number,
  { feeLimitMsat, expiryLimitHeight, height }: Limits,
): ldk.RouteParameters {
  const total = Math.max(0, expiryLimitHeight - height - NEXT_BLOCK)
  const parameters = route.get_payment_params()
  parameters.set_max_total_cltv_expiry_delta(routerLimit(total, finalDelta))
  route.set_payment_params(parameters)
  route.set_max_total_routing_fee_msat(ldk.Option_u64Z.constructor_some(feeLimitMsat))
  return route
}

/** The limit, at most `total`, that leaves the router most blocks for hops. */
export function routerLimit(total: number, finalDelta: number): number {
  const leastShadowed = finalDelta + SHADOW_BLOCKS
  return total >= leastShadowed && total < leastShadowed + SHADOW_BLOCKS ? leastShadowed - 1 : total
}

function bad(why: string): LntError {
  return new LntError({ code: 'BAD_INVOICE', why })
}
