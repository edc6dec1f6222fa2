/**
 * Small ledgers for tests: nodes by letter, channels between them, payments without invoices.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { sha256 } from '@noble/hashes/sha2.js'
import { Ledger } from '../../src/wallet/ledger.ts'
import type { Channel, ChannelDraft } from '../../src/wallet/ledger-channel.ts'
import type { LedgerNode, NodeDraft } from '../../src/wallet/ledger-node.ts'
import type { Tracked } from '../../src/wallet/wallet.ts'

/** 1,000 sat on each side. */
export const RICH = { nearMsat: 1_000_000n, farMsat: 1_000_000n }

/** A ledger whose nodes are called by their number: the secret key is that number 32 times. */
export class LedgerTown {
  readonly ledger: Ledger = new Ledger()
  readonly nodes: LedgerNode[] = []

  constructor(count: number, can: NodeDraft['can'] = {}) {
    for (let i = 1; i <= count; i++)
      this.nodes.push(this.ledger.addNode({ secretKey: new Uint8Array(32).fill(i), can }))
  }

  at(index: number): LedgerNode {
    const node = this.nodes[index]
    if (node === undefined) throw new RangeError('no such node')
    return node
  }

  open(near: number, far: number, draft: Partial<ChannelDraft> = {}): Channel {
    return this.ledger.openChannel(this.at(near), this.at(far), { ...RICH, ...draft })
  }
}

/** A hold at `payee`, and how to pay for it. */
export class LedgerSale {
  readonly preimage: Uint8Array
  readonly hash: Uint8Array
  readonly payee: LedgerNode
  readonly amountMsat: bigint
  readonly cltvDelta = 24
  readonly paymentSecret: Uint8Array

  constructor(
    payee: LedgerNode,
    amountMsat = 5_000n,
    preimage: Uint8Array = new Uint8Array(randomBytes(32)),
  ) {
    this.preimage = preimage
    this.hash = sha256(preimage)
    this.payee = payee
    this.amountMsat = amountMsat
    const { hash, cltvDelta } = this
    this.paymentSecret = payee.holds.open({ hash, descriptionHash: hash, amountMsat, cltvDelta })
  }

  /** Pays, with changes to what the invoice says or to the limits. */
  payFrom(
    payer: LedgerNode,
    change: Partial<Parameters<LedgerNode['payments']['pay']>[0]> = {},
  ): Tracked {
    const { hash, paymentSecret, payee, amountMsat, cltvDelta } = this
    const invoice = { hash, paymentSecret, payee, amountMsat, cltvDelta }
    return payer.payments.pay({
      ...invoice,
      feeLimitMsat: 5_000n,
      expiryLimitHeight: 400,
      ...change,
    })
  }

  get status(): string {
    return this.payee.holds.lookup(this.hash).status
  }
}
