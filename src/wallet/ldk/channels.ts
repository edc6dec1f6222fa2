/**
 * A node's channels: what they carry, and how new ones come to be.
 * @module
 */
import { randomBytes } from 'node:crypto'
import {
  type ChannelDetails,
  type ChannelManager,
  ChannelShutdownState,
  InboundHTLCStateDetails,
  Option_ChannelShutdownStateZ_Some,
  Option_InboundHTLCStateDetailsZ_Some,
  Option_OutboundHTLCStateDetailsZ_Some,
  OutboundHTLCStateDetails,
} from 'lightningdevkit'
import { LntError } from '../../core/errors.ts'
import type { NodeEvent } from './events.ts'
import { check, isNone } from './result.ts'

/** One channel, as it stands. */
export interface Channel {
  /** Node id of the peer, 33 bytes. */
  readonly peer: Uint8Array
  readonly capacitySat: bigint
  /** Most that one HTLC can send now, in msat; 0 while the peer is away. */
  readonly sendableMsat: bigint
  /** Most that can be received, in msat; 0 while the peer is away. */
  readonly receivableMsat: bigint
  /** It is open and its peer is connected. */
  readonly isUsable: boolean
  /** The peer has told its forwarding terms: only then can an invoice name it in a route hint. */
  readonly hasForwardingInfo: boolean
  /** It is being closed by agreement. */
  readonly isClosing: boolean
  /** Payment hashes of outgoing HTLCs, 32 bytes each. */
  readonly outgoing: readonly Uint8Array[]
}

/** Our view of LDK's channel. */
export function channelOf(details: ChannelDetails): Channel {
  // The bindings say boolean and give 0 or 1.
  const isUsable = Number(details.get_is_usable()) !== 0
  const state = details.get_channel_shutdown_state()
  const counterparty = details.get_counterparty()
  return {
    peer: counterparty.get_node_id(),
    capacitySat: details.get_channel_value_satoshis(),
    sendableMsat: isUsable ? details.get_next_outbound_htlc_limit_msat() : 0n,
    receivableMsat: isUsable ? details.get_inbound_capacity_msat() : 0n,
    isUsable,
    hasForwardingInfo: !isNone(counterparty.get_forwarding_info()),
    isClosing:
      state instanceof Option_ChannelShutdownStateZ_Some &&
      state.some !== ChannelShutdownState.LDKChannelShutdownState_NotShuttingDown,
    outgoing: details.get_pending_outbound_htlcs().map((htlc) => htlc.get_payment_hash()),
  }
}

/** How a channel is asked for. */
export interface OpenRequest {
  /** Node id of the peer, 33 bytes; it must be connected. */
  readonly peer: Uint8Array
  readonly capacitySat: bigint
  /** What the peer owns from the start. */
  readonly pushMsat: bigint
  /** Makes the signed transaction (consensus encoding) that pays `amountSat` to `script`. Not to be broadcast. */
  readonly fund: (script: Uint8Array, amountSat: bigint) => Uint8Array | Promise<Uint8Array>
}

/** What channels need of their node. */
export interface ChannelsPorts {
  readonly manager: ChannelManager
  readonly until: (holds: () => boolean, timeoutMs: number) => Promise<boolean>
  readonly kick: () => void
  /** Whether a peer may open a channel to us. */
  readonly accepts: (peer: Uint8Array, capacitySat: bigint) => boolean
}

/** A new channel must be usable within this: its funding has to be mined. */
const OPEN_TIMEOUT_MS = 60_000

interface Opening {
  readonly fund: OpenRequest['fund']
  failure?: LntError
}

/** Opens channels and judges those that others open. */
export class Channels {
  readonly #ports: ChannelsPorts
  readonly #openings = new Map<bigint, Opening>()

  constructor(ports: ChannelsPorts) {
    this.#ports = ports
  }

  list(): Channel[] {
    return this.#ports.manager.list_channels().map(channelOf)
  }

  /**
   * Whether no HTLC is on its way in or out of a channel whose peer is connected: each is held, or gone. One that
   * was settled but is still in the commitment when its time comes costs the channel.
   */
  isAtRest(): boolean {
    return this.#ports.manager.list_usable_channels().every(isAtRest)
  }

  /**
   * Opens a channel.
   * @returns once it is usable
   * @throws LntError `WALLET_UNAVAILABLE` when the peer refuses, or nobody mines; whatever `fund` throws, as its cause
   */
  async open({ peer, capacitySat, pushMsat, fund }: OpenRequest): Promise<void> {
    const { manager, until, kick } = this.#ports
    const openId = freshId()
    const opening: Opening = { fund }
    this.#openings.set(openId, opening)
    try {
      check(
        'create_channel',
        manager.create_channel(peer, capacitySat, pushMsat, openId, null, null),
      )
      kick()
      const isOpen = await until(
        () => opening.failure !== undefined || this.#isUsable(openId),
        OPEN_TIMEOUT_MS,
      )
      if (opening.failure) throw opening.failure
      if (!isOpen) throw unavailable('the channel did not become usable in time')
    } finally {
      this.#openings.delete(openId)
    }
  }

  /** Takes what happens to channels. */
  handle(event: NodeEvent): void {
    const { manager, accepts } = this.#ports
    switch (event.type) {
      case 'fund':
        void this.#fund(event)
        break
      case 'asked': {
        const { channelId, peer, capacitySat } = event
        if (accepts(peer, capacitySat)) {
          const openId = freshId()
          check('accept_inbound_channel', manager.accept_inbound_channel(channelId, peer, openId))
        } else manager.force_close_without_broadcasting_txn(channelId, peer, 'no channel wanted')
        break
      }
      case 'closed': {
        const opening = this.#openings.get(event.openId)
        if (opening) opening.failure ??= unavailable(`the channel was closed: ${event.why}`)
        break
      }
      default:
    }
  }

  async #fund({ openId, channelId, peer, script, amountSat }: FundEvent): Promise<void> {
    const { manager, kick } = this.#ports
    const opening = this.#openings.get(openId)
    try {
      if (!opening) throw unavailable('nobody waits for this channel')
      const transaction = await opening.fund(script, amountSat)
      check('funding', manager.funding_transaction_generated(channelId, peer, transaction))
    } catch (cause) {
      if (opening) opening.failure = unavailable('funding failed', cause)
      manager.force_close_without_broadcasting_txn(channelId, peer, 'funding failed')
    }
    kick()
  }

  #isUsable(openId: bigint): boolean {
    return this.#ports.manager
      .list_channels()
      .some((channel) => channel.get_user_channel_id() === openId && channel.get_is_usable())
  }
}

/**
 * The bindings write a 128-bit integer little-endian and read it big-endian: only a palindrome comes back.
 * They also refuse 2^124 and above.
 */
function freshId(): bigint {
  const half = Buffer.concat([Uint8Array.of(0), randomBytes(7)])
  return BigInt(`0x${half.toString('hex')}${half.reverse().toString('hex')}`)
}

function isAtRest(channel: ChannelDetails): boolean {
  const { LDKInboundHTLCStateDetails_Committed: heldIn } = InboundHTLCStateDetails
  const { LDKOutboundHTLCStateDetails_Committed: heldOut } = OutboundHTLCStateDetails
  const incoming = channel.get_pending_inbound_htlcs().map((htlc) => htlc.get_state())
  const outgoing = channel.get_pending_outbound_htlcs().map((htlc) => htlc.get_state())
  return (
    incoming.every(
      (state) => state instanceof Option_InboundHTLCStateDetailsZ_Some && state.some === heldIn,
    ) &&
    outgoing.every(
      (state) => state instanceof Option_OutboundHTLCStateDetailsZ_Some && state.some === heldOut,
    )
  )
}

type FundEvent = Extract<NodeEvent, { type: 'fund' }>

function unavailable(why: string, cause?: unknown): LntError {
  return new LntError({ code: 'WALLET_UNAVAILABLE', why }, cause === undefined ? {} : { cause })
}
