/**
 * What happens in a node, in our words: LDK's events, cut down to those that we act on.
 * @module
 */
import * as ldk from 'lightningdevkit'

/** One thing that happened. Hashes and preimages are 32 bytes, node ids 33. */
export type NodeEvent =
  /** All of a payment has arrived and waits to be claimed before block `claimDeadline`. */
  | {
      readonly type: 'claimable'
      readonly hash: Uint8Array
      readonly amountMsat: bigint
      readonly claimDeadline: number
      /** It pays an invoice of ours (its payment secret is right), not a spontaneous one. */
      readonly isInvoiced: boolean
    }
  /** A payment was claimed: the preimage is in the monitors, the money is ours. */
  | { readonly type: 'claimed'; readonly hash: Uint8Array; readonly amountMsat: bigint }
  /** HTLCs that were waiting for a claim were failed back. */
  | { readonly type: 'failedBack'; readonly hash: Uint8Array }
  /** A payment of ours succeeded. */
  | {
      readonly type: 'sent'
      readonly hash: Uint8Array
      readonly preimage: Uint8Array
      readonly feeMsat: bigint
    }
  /** A payment of ours is over and nothing of it is in flight. */
  | { readonly type: 'failed'; readonly hash: Uint8Array; readonly why: string }
  /** A channel that we open wants its funding transaction. */
  | {
      readonly type: 'fund'
      /** What {@link Channels} gave it when it began. */
      readonly openId: bigint
      readonly channelId: ldk.ChannelId
      readonly peer: Uint8Array
      readonly script: Uint8Array
      readonly amountSat: bigint
    }
  /** A peer wants to open a channel to us. */
  | {
      readonly type: 'asked'
      readonly channelId: ldk.ChannelId
      readonly peer: Uint8Array
      readonly capacitySat: bigint
    }
  /** HTLCs wait to be forwarded, failed or received. */
  | { readonly type: 'forwardable' }
  /** A channel can carry HTLCs from now on: its funding is in a block, both sides know. */
  | {
      readonly type: 'ready'
      /** 32 bytes. */
      readonly channelId: Uint8Array
    }
  /** A channel closed. */
  | {
      readonly type: 'closed'
      readonly openId: bigint
      readonly peer: Uint8Array
      readonly why: string
    }

/** Our word for an event of LDK, `undefined` when we need not act on it. */
export function eventOf(event: ldk.Event): NodeEvent | undefined {
  return paymentEventOf(event) ?? channelEventOf(event)
}

function paymentEventOf(event: ldk.Event): NodeEvent | undefined {
  if (event instanceof ldk.Event_PaymentClaimable)
    return {
      type: 'claimable',
      hash: event.payment_hash,
      amountMsat: event.amount_msat,
      claimDeadline:
        event.claim_deadline instanceof ldk.Option_u32Z_Some ? event.claim_deadline.some : 0,
      isInvoiced: event.purpose instanceof ldk.PaymentPurpose_Bolt11InvoicePayment,
    }
  if (event instanceof ldk.Event_PaymentClaimed)
    return { type: 'claimed', hash: event.payment_hash, amountMsat: event.amount_msat }
  if (event instanceof ldk.Event_HTLCHandlingFailed) {
    const { failed_next_destination: to } = event
    if (!(to instanceof ldk.HTLCDestination_FailedPayment)) return undefined
    return { type: 'failedBack', hash: to.payment_hash }
  }
  if (event instanceof ldk.Event_PaymentSent)
    return {
      type: 'sent',
      hash: event.payment_hash,
      preimage: event.payment_preimage,
      feeMsat: event.fee_paid_msat instanceof ldk.Option_u64Z_Some ? event.fee_paid_msat.some : 0n,
    }
  // The payment id is the hash (docs/protocol.md §9, law 2).
  if (event instanceof ldk.Event_PaymentFailed)
    return { type: 'failed', hash: event.payment_id, why: failureOf(event.reason) }
  return undefined
}

function channelEventOf(event: ldk.Event): NodeEvent | undefined {
  if (event instanceof ldk.Event_PendingHTLCsForwardable) return { type: 'forwardable' }
  if (event instanceof ldk.Event_FundingGenerationReady)
    return {
      type: 'fund',
      openId: event.user_channel_id,
      channelId: event.temporary_channel_id,
      peer: event.counterparty_node_id,
      script: event.output_script,
      amountSat: event.channel_value_satoshis,
    }
  if (event instanceof ldk.Event_OpenChannelRequest)
    return {
      type: 'asked',
      channelId: event.temporary_channel_id,
      peer: event.counterparty_node_id,
      capacitySat: event.funding_satoshis,
    }
  if (event instanceof ldk.Event_ChannelReady)
    return { type: 'ready', channelId: event.channel_id.get_a() }
  if (event instanceof ldk.Event_ChannelClosed)
    return {
      type: 'closed',
      openId: event.user_channel_id,
      peer: event.counterparty_node_id,
      why: event.reason.constructor.name.replace('ClosureReason_', ''),
    }
  return undefined
}

function failureOf(reason: ldk.Option_PaymentFailureReasonZ): string {
  if (!(reason instanceof ldk.Option_PaymentFailureReasonZ_Some)) return 'failed'
  return ldk.PaymentFailureReason[reason.some].replace('LDKPaymentFailureReason_', '')
}
