/**
 * What we tell LDK about channels: its defaults are made for the main network and for larger payments.
 * @module
 */
import { MaxDustHTLCExposure, UserConfig } from 'lightningdevkit'

/** Most HTLCs in flight one way on a channel (BOLT 2: 483). LDK's default is 50. */
const MAX_ACCEPTED_HTLCS = 483

/** Pieces are dust HTLCs: the limit on them must not be what ends a stream. 1 BTC, in msat. */
const MAX_DUST_EXPOSURE_MSAT = 100_000_000_000n

/** Blocks that a forward of ours takes off: LDK's least (MIN_CLTV_EXPIRY_DELTA, 6 · 7). */
export const FORWARD_CLTV_DELTA = 42

/** Largest channel, in sat: ten bitcoin. LDK's default stops at 2^24 sat. */
const MAX_FUNDING_SAT = 1_000_000_000n

/**
 * The configuration of every node here: private channels, a flat forwarding fee, each inbound channel judged.
 * @param forwardFeeMsat - what the node takes for forwarding one HTLC, whatever its amount
 */
export function channelConfig(forwardFeeMsat: number): UserConfig {
  const config = UserConfig.constructor_default()
  const handshake = config.get_channel_handshake_config()
  handshake.set_minimum_depth(1)
  handshake.set_our_max_accepted_htlcs(MAX_ACCEPTED_HTLCS)
  handshake.set_max_inbound_htlc_value_in_flight_percent_of_channel(100)
  handshake.set_announce_for_forwarding(false)
  config.set_channel_handshake_config(handshake)

  const limits = config.get_channel_handshake_limits()
  limits.set_force_announced_channel_preference(false)
  limits.set_max_funding_satoshis(MAX_FUNDING_SAT)
  config.set_channel_handshake_limits(limits)

  const channel = config.get_channel_config()
  channel.set_max_dust_htlc_exposure(
    MaxDustHTLCExposure.constructor_fixed_limit_msat(MAX_DUST_EXPOSURE_MSAT),
  )
  channel.set_forwarding_fee_base_msat(forwardFeeMsat)
  channel.set_forwarding_fee_proportional_millionths(0)
  channel.set_cltv_expiry_delta(FORWARD_CLTV_DELTA)
  config.set_channel_config(channel)

  config.set_accept_forwards_to_priv_channels(true)
  config.set_manually_accept_inbound_channels(true)
  return config
}
