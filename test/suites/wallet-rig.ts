/**
 * What the claims of the wallet suite run against: a rig of wallets, and sales made on it.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Test } from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import type { Hold, HoldRequest, Payment, PayRequest, Wallet } from '../../src/wallet/wallet.ts'

/**
 * Wallets on one network, funded: both buyers can reach the seller with at least 10,000 sat to send,
 * the seller can receive 20,000 sat. `restart` puts a new object into `buyer` or `seller`.
 */
export interface WalletRig {
  readonly buyer: Wallet
  readonly seller: Wallet
  /** A second buyer, with its own node. */
  readonly other: Wallet
  /** Whether a routing node that charges a fee (≥ 1 msat) lies between every buyer and the seller. */
  readonly routed: boolean
  /** Mines blocks; returns once every wallet of the rig has seen them all. */
  mine(blocks: number): Promise<void>
  /** Ends the wallet as roughly as the adapter can (kill -9 if it can) and starts it again from its own state. */
  restart(which: 'buyer' | 'seller'): Promise<void>
  /** Closes everything: no socket, timer or process is left. */
  close(): Promise<void>
}

/** One claim: its name without the room, and what proves it. */
export interface Claim {
  readonly claim: string
  readonly prove: (t: Test, rig: WalletRig) => Promise<void>
}

/** How long a claim waits for something that must happen. Generous: an embedded node on a busy machine. */
export const WAIT_MS = 60_000

/** A sale that nobody has made before: its preimage and what `hold` needs. */
export interface Sale {
  readonly preimage: Uint8Array
  readonly hash: Uint8Array
  readonly request: HoldRequest
}

/** A fresh sale of `amountMsat` with the market's own final CLTV delta. */
export function freshSale(amountMsat = 5_000n): Sale {
  const preimage = new Uint8Array(randomBytes(32))
  const hash = sha256(preimage)
  const descriptionHash = new Uint8Array(randomBytes(32))
  return { preimage, hash, request: { hash, amountMsat, descriptionHash, cltvDelta: 24 } }
}

/** Limits that any honest route of the rig keeps. */
export async function limits(wallet: Wallet, invoice: string): Promise<PayRequest> {
  const expiryLimitHeight = (await wallet.height()) + 220
  return { invoice, feeLimitMsat: 10_000n, expiryLimitHeight }
}

/** A signal that ends a wait which should have ended long ago. */
export function patience(): AbortSignal {
  return AbortSignal.timeout(WAIT_MS)
}

/** A sale whose HTLC is held. `payment` is the buyer's pay call; `PAYMENT_UNKNOWN` becomes undefined. */
export interface HeldSale extends Sale {
  readonly invoice: string
  readonly payRequest: PayRequest
  readonly payment: Promise<Payment | undefined>
  readonly held: Extract<Hold, { status: 'held' }>
}

/** Makes a hold invoice at the seller, has the buyer pay it, and waits until it is held. */
export async function holdAndPay(rig: WalletRig, sale: Sale = freshSale()): Promise<HeldSale> {
  const invoice = await rig.seller.hold(sale.request)
  const payRequest = await limits(rig.buyer, invoice)
  const payment = rig.buyer.pay(payRequest, patience()).catch((err: unknown) => {
    if (hasCode(err, 'PAYMENT_UNKNOWN')) return undefined
    throw err
  })
  const early = payment.then((end) => {
    throw new Error(`paid before it was held: ${end?.status}`)
  })
  const held = await Promise.race([rig.seller.waitHold(sale.hash, patience()), early])
  if (held.status !== 'held') throw new Error(`not held but ${held.status}`)
  return { ...sale, invoice, payRequest, payment, held }
}

/** Waits until `condition` holds; fails the claim after {@link WAIT_MS}. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
