/**
 * A seller behind its desk, scripted peers without sockets, and wallets on a ledger in memory.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ask, Offer, Reject } from '../../extensions/lnt-trade/message.ts'
import type { Price } from '../../src/core/price.ts'
import type { Sale, SaleState } from '../../src/core/sale.ts'
import { Admission } from '../../src/market/admission.ts'
import { Desk, type DeskPorts } from '../../src/market/desk.ts'
import { Nonces } from '../../src/market/nonces.ts'
import { RecordsDesk } from '../../src/market/records-desk.ts'
import { type Seller, Stock } from '../../src/market/stock.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { Ledger } from '../../src/wallet/ledger.ts'
import type { LedgerNode } from '../../src/wallet/ledger-node.ts'
import { LedgerWallet } from '../../src/wallet/ledger-wallet.ts'
import type { Capabilities, Payment, Wallet } from '../../src/wallet/wallet.ts'
import { CouponSeeds } from '../../torrents/coupons.ts'
import { keyOf, publisherSeed, rootKey } from '../../torrents/keys.ts'
import { recordTable } from '../../torrents/records.ts'
import { type Sealed, seal } from '../../torrents/seal.ts'
import { type Faults, faulty } from './faulty-wallet.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { VirtualClock } from './virtual-clock.ts'

const MASTER = createHash('sha256').update('a publisher in a test').digest()
const PIECE_BYTES = 64
/** 5 sat a piece, 2 % off a level. */
export const PRICE: Price = { priceMsat: 5_000n, stepPpm: 20_000 }

/** What a test can choose. */
export interface RigOptions {
  /** Number of pieces; 5. */
  readonly pieces?: number
  /** log2 of the coupons; 4. */
  readonly c?: number
  readonly free?: readonly number[]
  /** What the seller's wallet can do; everything. */
  readonly can?: Partial<Capabilities>
  /** Changes what the publisher brings. */
  readonly seller?: (publisher: Required<Seller>, sealed: Sealed) => Seller
  /** Changes the torrent before it is sold: a publisher that lies. */
  readonly spoil?: (sealed: Sealed) => Sealed
  /** Another name is another torrent with the same content, keys and coupons. */
  readonly name?: string
  /** Another desk of the same process: shares its store, wallet, clock and limits. */
  readonly beside?: DeskRig
}

/** What the desks of one process share. */
interface Process {
  readonly folder: string
  readonly clock: VirtualClock
  readonly store: Store
  readonly ledger: Ledger
  readonly sellerNode: LedgerNode
  /** The seller's. */
  readonly wallet: Wallet
  readonly faults: Faults
  readonly admission: Admission
  readonly nonces: Nonces
}

function newProcess(can: Partial<Capabilities>): Process {
  const folder = mkdtempSync(join(tmpdir(), 'lnt-desk-'))
  const clock = new VirtualClock()
  const store = openStore(folder, { nowMs: () => clock.nowMs() })
  const ledger = new Ledger()
  const sellerNode = ledger.addNode({ secretKey: new Uint8Array(32).fill(1), can })
  const faults: Faults = {}
  const wallet = faulty(walletOf(ledger, sellerNode, clock), faults)
  const admission = new Admission(clock)
  const nonces = new Nonces()
  return { folder, clock, store, ledger, sellerNode, wallet, faults, admission, nonces }
}

function walletOf(ledger: Ledger, node: LedgerNode, clock: VirtualClock): LedgerWallet {
  return new LedgerWallet({ ledger, node, clockSeconds: () => Math.floor(clock.nowMs() / 1000) })
}

function buyerOf({ ledger, sellerNode, clock }: Process): LedgerWallet {
  const node = ledger.addNode({ secretKey: new Uint8Array(randomBytes(32)) })
  ledger.openChannel(node, sellerNode, { nearMsat: 100_000_000n, farMsat: 0n })
  return walletOf(ledger, node, clock)
}

async function sealSample(folder: string, options: RigOptions): Promise<Sealed> {
  const { pieces = 5, c = 4, free = [], name = 'film' } = options
  const source = join(folder, 'film')
  writeFileSync(source, Buffer.alloc(pieces * PIECE_BYTES - 7, 'every piece another '))
  const choices = { name, pieceBytes: PIECE_BYTES, c, free, threads: 0 }
  return seal([{ source, path: [name] }], { master: MASTER, ...choices })
}

/** What the publisher of a torrent brings to its desk. */
export function publisherOf({ torrent }: Sealed): Required<Seller> {
  const key = rootKey(MASTER, torrent.salt)
  return {
    keyOf: (span) => keyOf({ span: 1, key }, span),
    spans: () => [1],
    coupons: { seeds: CouponSeeds.ofMaster(MASTER, torrent.salt, torrent.c), freshFrom: 0 },
    endorser: { secretSeed: publisherSeed(MASTER) },
  }
}

/** Sets a desk up. The caller closes it. */
export async function deskRig(options: RigOptions = {}): Promise<DeskRig> {
  const process = options.beside?.process ?? newProcess(options.can ?? {})
  const { spoil = (sealed) => sealed } = options
  const sealed = spoil(await sealSample(process.folder, options))
  return new DeskRig(process, sealed, options)
}

/** A desk and everything around it. */
export class DeskRig {
  readonly process: Process
  readonly sealed: Sealed
  readonly desk: Desk
  readonly ports: DeskPorts
  /** Every state that a sale of this desk has been in, in order. */
  readonly sales: Sale[] = []
  readonly errors: unknown[] = []
  readonly #buyer: LedgerWallet
  readonly #isGuest: boolean
  readonly #watchers = new Set<() => void>()
  #lastId = 0

  constructor(process: Process, sealed: Sealed, { seller, beside }: RigOptions) {
    this.process = process
    this.sealed = sealed
    this.#isGuest = beside !== undefined
    this.#buyer = buyerOf(process)
    const { pieces } = sealed.torrent
    const { wallet, store, clock, admission, nonces } = process
    const records = recordTable(sealed.rows, pieces)
    const publisher = publisherOf(sealed)
    this.ports = {
      wallet,
      journal: store.journal,
      coupons: store.coupons,
      clock,
      admission,
      nonces,
      random: (length) => new Uint8Array(randomBytes(length)),
      stock: new Stock(sealed.torrent, seller?.(publisher, sealed) ?? publisher, records),
      rows: new RecordsDesk({ pieces, records, admission }),
      onSale: (sale) => {
        this.sales.push(sale)
        for (const look of this.#watchers) look()
      },
      onError: (err) => void this.errors.push(err),
    }
    this.desk = new Desk(this.ports, PRICE)
  }

  get clock(): VirtualClock {
    return this.process.clock
  }

  get store(): Store {
    return this.process.store
  }

  get faults(): Faults {
    return this.process.faults
  }

  /** A peer that the desk knows. */
  connect(address?: string): ScriptedPeer {
    const peer = new ScriptedPeer(address)
    this.desk.opened(peer)
    return peer
  }

  /** Asks, with what the terms say unless told otherwise. */
  ask(peer: ScriptedPeer, ask: Partial<Ask> = {}): Ask {
    this.#lastId += 1
    const whole: Ask = {
      type: 'ask',
      id: this.#lastId,
      span: 8,
      kinds: [1, 4],
      mostMsat: 1_000_000n,
      hops: 0,
      nonce: new Uint8Array(randomBytes(32)),
      rev: this.desk.terms().rev,
      ...ask,
    }
    this.desk.received(peer, whole)
    return whole
  }

  /** Asks and waits for the answer. */
  answer(peer: ScriptedPeer, ask?: Partial<Ask>): Promise<Offer | Reject> {
    return peer.answer(this.ask(peer, ask).id)
  }

  /** Asks and waits for an offer. */
  async offer(peer: ScriptedPeer, ask?: Partial<Ask>): Promise<Offer> {
    const answer = await this.answer(peer, ask)
    if (answer.type === 'reject') throw new Error(`rejected: ${answer.code} ${answer.text}`)
    return answer
  }

  /** Pays an offer from the buyer's wallet. */
  async pay({ invoice }: Offer): Promise<Payment> {
    const expiryLimitHeight = (await this.#buyer.height()) + 150
    const request = { invoice, feeLimitMsat: 1_000n, expiryLimitHeight }
    return this.#buyer.pay(request, AbortSignal.timeout(10_000))
  }

  /** Buys: asks, pays, and waits until the sale is settled. */
  async buy(peer: ScriptedPeer, ask?: Partial<Ask>): Promise<Offer> {
    const before = this.sales.filter(({ state }) => state === 'settled').length
    const offer = await this.offer(peer, ask)
    await this.pay(offer)
    await this.reached('settled', before + 1)
    return offer
  }

  /** Waits until as many sales have been in this state. */
  async reached(state: SaleState, count = 1): Promise<void> {
    const isThere = (): boolean => this.sales.filter((sale) => sale.state === state).length >= count
    while (!isThere())
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.#watchers.delete(look)
          resolve()
        }
        this.#watchers.add(look)
      })
  }

  /** Ends the desk, and the process with it if it is the first one's. */
  async close(signal: AbortSignal = AbortSignal.timeout(5_000)): Promise<void> {
    await this.desk.close(signal)
    await this.#buyer.close()
    if (this.#isGuest) return
    await this.process.wallet.close()
    this.store.close()
    rmSync(this.process.folder, { recursive: true, force: true })
  }
}
