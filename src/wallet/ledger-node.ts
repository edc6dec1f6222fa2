/**
 * One Lightning node of the ledger: its key, its channels, its books, and the faults that a test orders.
 * @module
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, toHex, u64 } from '../core/bytes.ts'
import type { Channel, Incoming, Peer } from './ledger-channel.ts'
import { HoldBook } from './ledger-hold.ts'
import { PaymentBook } from './ledger-payment.ts'
import type { Transit } from './ledger-transit.ts'
import type { Capabilities, Liquidity } from './wallet.ts'

/** How a new node looks. */
export interface NodeDraft {
  /** secp256k1 secret key, 32 bytes: decides its id. */
  readonly secretKey: Uint8Array
  /** What its wallet says it can do; all true if absent. `canReuseHash` false is also enforced. */
  readonly can?: Partial<Capabilities>
}

/** What a node must know of the ledger. */
export interface NodeRules {
  readonly height: () => number
  readonly onStart: (transit: Transit) => void
  readonly onEnd: (transit: Transit) => void
}

/** Everything true. */
const CAN_ALL: Capabilities = {
  canHold: true,
  canHoldForeignHash: true,
  canReuseHash: true,
  canLimitCltv: true,
  canLimitFee: true,
}

/** A node of the ledger. Its state lives here, whatever becomes of the wallets that speak for it. */
export class LedgerNode implements Peer {
  readonly secretKey: Uint8Array
  /** Compressed public key, 33 bytes. */
  readonly id: Uint8Array
  readonly can: Capabilities
  readonly channels: Channel[] = []
  readonly holds: HoldBook
  readonly payments: PaymentBook
  isOnline = true
  /** Fault: as many of the next `pay` calls of its wallet do not learn how the payment ends. */
  unknownPays = 0
  /** Fault: the next payments fail for these reasons. */
  readonly failures: string[] = []
  #isStalled = false
  readonly #parked = new Set<Incoming>()
  #secretsMade = 0

  constructor({ secretKey, can }: NodeDraft, { height, onStart, onEnd }: NodeRules) {
    this.secretKey = secretKey
    this.id = secp256k1.getPublicKey(secretKey, true)
    this.can = { ...CAN_ALL, ...can }
    this.holds = new HoldBook({
      canReuseHash: this.can.canReuseHash,
      height,
      newSecret: (hash) => sha256(concat(secretKey, hash, u64(this.#secretsMade++))),
    })
    this.payments = new PaymentBook({
      payer: this,
      height,
      onStart,
      onEnd,
      fault: () => this.failures.shift(),
    })
  }

  accept(htlc: Incoming): void {
    if (this.#isStalled) {
      htlc.onTimeout = () => void this.#parked.delete(htlc)
      this.#parked.add(htlc)
    } else if (htlc.isFinal) this.holds.receive(htlc)
    else htlc.forward()
  }

  /** Fault: HTLCs that come from now on are neither forwarded, accepted nor failed. */
  stall(): void {
    this.#isStalled = true
  }

  /** Ends {@link stall}: what has come meanwhile goes on. */
  release(): void {
    this.#isStalled = false
    for (const htlc of this.#parked) {
      this.#parked.delete(htlc)
      this.accept(htlc)
    }
  }

  /** What it owns, in msat; HTLCs that it has offered not counted. */
  balanceMsat(): bigint {
    return this.channels.reduce((sum, channel) => sum + channel.sideOf(this).balanceMsat, 0n)
  }

  /** What it can send and receive now. */
  liquidity(): Liquidity {
    let sendableMsat = 0n
    let receivableMsat = 0n
    for (const channel of this.channels) {
      const own = channel.sideOf(this)
      sendableMsat += channel.sendableMsat(own)
      receivableMsat += channel.sendableMsat(channel.across(own))
    }
    return { sendableMsat, receivableMsat }
  }

  /** See `Wallet.isQuiet`. */
  isQuiet(hash: Uint8Array): boolean {
    const hashHex = toHex(hash)
    return this.channels.every((channel) => {
      if (channel.state === 'closed' ? channel.isBusy : !channel.isUsable) return false
      const { offered } = channel.sideOf(this)
      for (const leg of offered) if (leg.hashHex === hashHex) return false
      return true
    })
  }
}
