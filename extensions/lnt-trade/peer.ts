/**
 * A peer we can trade with, as the market sees it: one wire with the extension ready on both sides.
 * @module
 */
import type { LntError } from '../../src/core/errors.ts'
import type { Message } from './message.ts'

/** One end of a trading connection. Lives from the extended handshake until the wire closes. */
export interface TradePeer {
  /** Unique in this process. */
  readonly id: string
  /** Bucket of the peer's address for limits: IPv4 /24, IPv6 /48, on loopback each connection its own. */
  readonly address: string
  /** `host:port` or what the transport knows, for people. */
  readonly label: string
  /** The peer's X25519 public key of this connection, 32 bytes; a key agreement with it has succeeded. */
  readonly theirKey: Uint8Array
  /** Our X25519 secret key of this connection, 32 bytes; `ourPublicKey` belongs to it. */
  readonly ourSecretKey: Uint8Array
  readonly ourPublicKey: Uint8Array
  /** Sends a message. Does nothing once the wire is closed. */
  send(message: Message): void
  /** Ends the wire: the peer broke the protocol (`why` is kept for the log). */
  drop(why: LntError): void
}

/** What the extension tells the market. No call may throw; what does is caught and drops the peer. */
export interface TradeHandler {
  /** Handshake done and accepted: a common network, a good key. */
  opened(peer: TradePeer): void
  /** A well-formed message. */
  received(peer: TradePeer, message: Message): void
  closed(peer: TradePeer): void
}
