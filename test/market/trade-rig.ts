import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { feeLimitMsat } from '../../src/core/budget.ts'
import { equal } from '../../src/core/bytes.ts'
import { NO_COUPON, type Purchase } from '../../src/core/purchase.ts'
import type { Sale } from '../../src/core/sale.ts'
import type { BuyPorts, Opened } from '../../src/market/buy.ts'
import type { SellPorts } from '../../src/market/sell.ts'
import type { SaleCoupon } from '../../src/store/journal.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { Ledger } from '../../src/wallet/ledger.ts'
import type { Channel } from '../../src/wallet/ledger-channel.ts'
import type { LedgerNode } from '../../src/wallet/ledger-node.ts'
import { LedgerWallet } from '../../src/wallet/ledger-wallet.ts'
import { unwrap, wrap } from '../../torrents/coupons.ts'
import { keyCommitment } from '../../torrents/keys.ts'
import { ManualClock } from './manual-clock.ts'

/** The torrent of all trades here. */
export const INFO: Uint8Array = new Uint8Array(32).fill(0x11)
/** Its coupons, given to strangers. */
export const COUPON: SaleCoupon = { salt: new Uint8Array(32).fill(0x22), c: 8, isStranger: true }
/** What the seller's wallet owns at first. */
export const START_MSAT = 1_000_000n

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest())

/** 32 bytes that are a number's own. */
export const bytesOf = (name: string): Uint8Array => sha256(new TextEncoder().encode(name))

/** A profile: what is on disk outlives `reopen`. */
export class Side {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'lnt-market-'))
  readonly node: LedgerNode
  wallet: LedgerWallet
  store: Store
  readonly #rig: TradeRig

  constructor(rig: TradeRig, node: LedgerNode) {
    this.#rig = rig
    this.node = node
    this.wallet = this.#openWallet()
    this.store = this.#openStore()
  }

  /** Ends the process and starts it again. */
  async reopen(): Promise<void> {
    await this.wallet.close()
    this.store.close()
    this.wallet = this.#openWallet()
    this.store = this.#openStore()
  }

  close(): void {
    this.store.close()
    rmSync(this.dir, { recursive: true })
  }

  #openWallet(): LedgerWallet {
    const { ledger, clock } = this.#rig
    const clockSeconds = (): number => Math.floor(clock.nowMs() / 1000)
    return new LedgerWallet({ ledger, node: this.node, clockSeconds })
  }

  #openStore(): Store {
    return openStore(this.dir, { nowMs: () => this.#rig.clock.nowMs() })
  }
}

/** How a trade differs from the usual one: kind 1, span 8, 5 sat. */
export interface Deal {
  readonly name?: string
  readonly kind?: 1 | 4
  readonly span?: number
  readonly amountMsat?: bigint
  readonly cltvDelta?: number
  /** The preimage opens something else than the record says. */
  readonly isLie?: boolean
}

/** A sale's row and what makes the buyer's from it. */
export interface Draft {
  readonly sale: Sale
  readonly key: Uint8Array
  readonly purchase: (invoice: string) => Purchase
}

/** Two profiles on one ledger, on a clock that moves when told. */
export class TradeRig {
  readonly clock: ManualClock = new ManualClock()
  readonly ledger: Ledger = new Ledger()
  readonly buyer: Side
  readonly seller: Side
  readonly channel: Channel
  #names = 0

  constructor() {
    const node = (name: string): LedgerNode => this.ledger.addNode({ secretKey: bytesOf(name) })
    this.buyer = new Side(this, node('buyer'))
    this.seller = new Side(this, node('seller'))
    const draft = { nearMsat: 9_000_000n, farMsat: START_MSAT }
    this.channel = this.ledger.openChannel(this.buyer.node, this.seller.node, draft)
  }

  /** Both sides' rows of one trade; nothing is on disk yet. */
  draft(deal: Deal = {}): Draft {
    const { kind = 1, span = 8, amountMsat = 5_000n, isLie = false } = deal
    const name = deal.name ?? `trade ${this.#names++}`
    const preimage = bytesOf(`${name} preimage`)
    const key = bytesOf(`key of ${span}`)
    const sold = isLie ? bytesOf('a lie') : key
    const now = this.clock.nowMs()
    const exp = Math.floor(now / 1000) + 180
    const j = kind === 1 ? this.#names : NO_COUPON
    const common = { infoSha256: INFO, hash: sha256(preimage), span, kind, j, amountMsat }
    const times = { expiresAtMs: now + 60_000 }
    const sale: Sale = {
      ...common,
      ...times,
      state: 'offered',
      preimage,
      exp,
      buyer: '127.0.0.1:1',
      walletNode: this.seller.node.id,
    }
    const zeros = new Uint8Array(32)
    const purchase = (invoice: string): Purchase => ({
      ...common,
      ...times,
      state: 'offered',
      wrap: wrap(sold, preimage),
      invoice,
      record: { kc: keyCommitment(key), pt: zeros, cv: zeros, rpath: new Uint8Array(160) },
      cpath: new Uint8Array(kind === 1 ? 256 : 0),
      payee: this.seller.node.id,
      feeLimitMsat: feeLimitMsat(amountMsat),
      nonce: bytesOf(`${name} nonce`),
      endorsement: { exp, sig: new Uint8Array(64) },
    })
    return { sale, key, purchase }
  }

  /** The seller's part before its driver: the row, then the invoice. */
  async offer({ sale }: Draft, { cltvDelta = 24 }: Deal = {}): Promise<string> {
    const coupon = sale.kind === 1 ? COUPON : undefined
    this.seller.store.journal.recordSale(sale, 'offer', coupon)
    return this.invoice(sale, cltvDelta)
  }

  invoice({ hash, amountMsat }: Sale, cltvDelta = 24): Promise<string> {
    const descriptionHash = bytesOf('description')
    return this.seller.wallet.hold({ hash, amountMsat, descriptionHash, cltvDelta })
  }

  buyPorts(own: Partial<BuyPorts> = {}): BuyPorts {
    const { wallet, store } = this.buyer
    const never = new AbortController().signal
    return {
      wallet,
      clock: this.clock,
      cancel: never,
      stop: never,
      journal: store.journal,
      keyring: store.keyring,
      limitHeight: (height) => height + 150,
      mayPay: () => true,
      open: openChecked,
      ...own,
    }
  }

  sellPorts(own: Partial<SellPorts> = {}): SellPorts {
    const { wallet, store } = this.seller
    const never = new AbortController().signal
    return { wallet, clock: this.clock, cancel: never, stop: never, journal: store.journal, ...own }
  }

  /** Closes everything; the ledger's own books must add up. */
  close(): void {
    this.ledger.audit()
    this.buyer.close()
    this.seller.close()
  }
}

/** What the shop does, cut down to the key commitment. */
export async function openChecked(purchase: Purchase, preimage: Uint8Array): Promise<Opened> {
  const key = unwrap(purchase.wrap, preimage)
  if (equal(keyCommitment(key), purchase.record.kc)) return { good: true, key }
  return { good: false, why: 'kc' }
}
