/**
 * A seller behind its desk, a virtual clock, scripted peers without sockets, and wallets on a ledger in memory.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { x25519 } from '@noble/curves/ed25519.js'
import type { Ask, Message, Offer, Reject } from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { LntError } from '../../src/core/errors.ts'
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

/** A clock that stands still until it is told. */
export class VirtualClock implements Clock {
  #nowMs = 1_800_000_000_000
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Lets time pass: what is due by then runs in order. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs)
      const [next] = due.sort((a, b) => a.atMs - b.atMs)
      if (!next) break
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
    }
    this.#nowMs = untilMs
  }

  /** Lets time pass in small steps, with a turn of the event loop before each: what waits can begin to wait. */
  async run(ms: number): Promise<void> {
    const steps = 20
    for (let i = 0; i < steps; i++) {
      await turn()
      this.pass(ms / steps)
    }
    await turn()
  }

  get timers(): number {
    return this.#timers.size
  }
}

let peersMade = 0

/** A peer that keeps what it is sent. */
export class ScriptedPeer implements TradePeer {
  readonly id: string = `peer ${++peersMade}`
  readonly address: string
  readonly label = 'test'
  readonly theirKey: Uint8Array
  readonly ourSecretKey: Uint8Array = new Uint8Array(randomBytes(32))
  readonly ourPublicKey: Uint8Array = x25519.getPublicKey(this.ourSecretKey)
  /** The peer's own secret: what a buyer opens boxes with. */
  readonly secretKey: Uint8Array = new Uint8Array(randomBytes(32))
  readonly sent: Message[] = []
  dropped: LntError | undefined
  readonly #waiting = new Set<() => void>()

  constructor(address: string = `address of ${peersMade}`) {
    this.address = address
    this.theirKey = x25519.getPublicKey(this.secretKey)
  }

  send(message: Message): void {
    this.sent.push(message)
    this.#tell()
  }

  drop(why: LntError): void {
    this.dropped = why
    this.#tell()
  }

  /** The first message for which `is` holds, sent already or still to come. */
  async message<M extends Message>(is: (message: Message) => message is M): Promise<M> {
    for (;;) {
      const found = this.sent.find(is)
      if (found) return found
      if (this.dropped) throw this.dropped
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** The answer to an ask. */
  answer(id: number): Promise<Offer | Reject> {
    return this.message(
      (message): message is Offer | Reject =>
        (message.type === 'offer' || message.type === 'reject') && message.id === id,
    )
  }

  /** Forgets what was sent before. */
  forget(): void {
    this.sent.length = 0
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

const MASTER = createHash('sha256').update('a publisher in a test').digest()

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
  /** Another name is another torrent with the same content, keys and coupons. */
  readonly name?: string
  /** Shares everything but the torrent with another rig's desk. */
  readonly beside?: DeskRig
}

/** A desk and everything around it. */
export interface DeskRig {
  readonly sealed: Sealed
  readonly clock: VirtualClock
  readonly desk: Desk
  readonly ports: DeskPorts
  readonly store: Store
  readonly ledger: Ledger
  readonly sellerNode: LedgerNode
  /** Every state that a sale of this desk has been in, in order. */
  readonly sales: Sale[]
  readonly errors: unknown[]
  /** Faults of the seller's wallet: what these calls throw while set, and what they wait for. */
  readonly faults: Faults
  /** A peer that the desk knows. */
  connect(address?: string): ScriptedPeer
  /** Asks, with what the terms say unless told otherwise. */
  ask(peer: ScriptedPeer, ask?: Partial<Ask>): Ask
  /** Asks and waits for the answer. */
  answer(peer: ScriptedPeer, ask?: Partial<Ask>): Promise<Offer | Reject>
  /** Asks and waits for an offer. */
  offer(peer: ScriptedPeer, ask?: Partial<Ask>): Promise<Offer>
  /** Pays an offer from the buyer's wallet. */
  pay(offer: Offer): Promise<Payment>
  /** Buys: asks, pays, and waits until the sale is settled. */
  buy(peer: ScriptedPeer, ask?: Partial<Ask>): Promise<Offer>
  /** Waits until as many sales have been in this state. */
  reached(state: SaleState, count?: number): Promise<void>
  close(): Promise<void>
}

/** Wallet calls that can be made to fail or to hang. */
export interface Faults {
  hold?: Error | Promise<void> | undefined
  height?: Error | undefined
  settle?: Error | undefined
}

/** A wallet with faults. */
export function faulty(wallet: Wallet, faults: Faults): Wallet {
  const check = async (fault: Error | Promise<void> | undefined): Promise<void> => {
    if (fault instanceof Error) throw fault
    await fault
  }
  return {
    can: wallet.can,
    network: wallet.network,
    nodeId: wallet.nodeId,
    liquidity: () => wallet.liquidity(),
    height: async () => {
      await check(faults.height)
      return wallet.height()
    },
    hold: async (request) => {
      await check(faults.hold)
      return wallet.hold(request)
    },
    settle: async (preimage) => {
      await check(faults.settle)
      return wallet.settle(preimage)
    },
    lookupHold: (hash) => wallet.lookupHold(hash),
    waitHold: (hash, signal) => wallet.waitHold(hash, signal),
    cancel: (hash) => wallet.cancel(hash),
    pay: (request, signal) => wallet.pay(request, signal),
    track: (hash) => wallet.track(hash),
    isQuiet: (hash) => wallet.isQuiet(hash),
    close: () => wallet.close(),
  }
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

const PIECE_BYTES = 64
/** 5 sat a piece. */
export const PRICE: Price = { priceMsat: 5_000n, stepPpm: 20_000 }

async function sealSample(
  folder: string,
  { pieces = 5, c = 4, free = [], name = 'film' }: RigOptions,
): Promise<Sealed> {
  const source = join(folder, 'film')
  writeFileSync(source, Buffer.alloc(pieces * PIECE_BYTES - 7, 'every piece another '))
  return seal([{ source, path: [name] }], {
    ...{ master: MASTER, name, pieceBytes: PIECE_BYTES, c, free, threads: 0 },
  })
}

/** Sets a desk up. The caller closes it. */
export async function deskRig(options: RigOptions = {}): Promise<DeskRig> {
  const folder = mkdtempSync(join(tmpdir(), 'lnt-desk-'))
  const sealed = await sealSample(folder, options)
  const { beside } = options
  const clock = beside?.clock ?? new VirtualClock()
  const store = beside?.store ?? openStore(folder, { nowMs: () => clock.nowMs() })
  const ledger = beside?.ledger ?? new Ledger()
  const sellerNode =
    beside?.sellerNode ??
    ledger.addNode({
      secretKey: new Uint8Array(32).fill(1),
      ...(options.can && { can: options.can }),
    })
  const buyerNode = ledger.addNode({ secretKey: new Uint8Array(randomBytes(32)) })
  ledger.openChannel(buyerNode, sellerNode, { nearMsat: 100_000_000n, farMsat: 0n })
  const clockSeconds = (): number => Math.floor(clock.nowMs() / 1000)
  const buyer = new LedgerWallet({ ledger, node: buyerNode, clockSeconds })
  const faults: Faults = {}
  const wallet =
    beside?.ports.wallet ??
    faulty(new LedgerWallet({ ledger, node: sellerNode, clockSeconds }), faults)
  const records = recordTable(sealed.rows, sealed.torrent.pieces)
  const admission = beside?.ports.admission ?? new Admission(clock)
  const sales: Sale[] = []
  const errors: unknown[] = []
  const watchers = new Set<() => void>()
  const publisher = publisherOf(sealed)
  const ports: DeskPorts = {
    wallet,
    journal: store.journal,
    coupons: store.coupons,
    clock,
    random: (length) => new Uint8Array(randomBytes(length)),
    stock: new Stock(sealed.torrent, options.seller?.(publisher, sealed) ?? publisher, records),
    rows: new RecordsDesk({ pieces: sealed.torrent.pieces, records, admission }),
    admission,
    nonces: beside?.ports.nonces ?? new Nonces(),
    onSale: (sale) => {
      sales.push(sale)
      for (const look of [...watchers]) look()
    },
    onError: (err) => void errors.push(err),
  }
  const desk = new Desk(ports, PRICE)
  let lastId = 0

  const rig: DeskRig = {
    ...{ sealed, clock, desk, ports, store, ledger, sellerNode, sales, errors },
    faults: beside?.faults ?? faults,
    connect(address) {
      const peer = new ScriptedPeer(address)
      desk.opened(peer)
      return peer
    },
    ask(peer, ask = {}) {
      lastId += 1
      const whole: Ask = {
        ...{ type: 'ask', id: lastId, span: 8, kinds: [1, 4], mostMsat: 1_000_000n, hops: 0 },
        ...{ nonce: new Uint8Array(randomBytes(32)), rev: desk.terms().rev, ...ask },
      }
      desk.received(peer, whole)
      return whole
    },
    answer: (peer, ask) => peer.answer(rig.ask(peer, ask).id),
    async offer(peer, ask) {
      const answer = await rig.answer(peer, ask)
      if (answer.type === 'reject') throw new Error(`rejected: ${answer.code} ${answer.text}`)
      return answer
    },
    async pay({ invoice }) {
      const expiryLimitHeight = (await buyer.height()) + 150
      return buyer.pay(
        { invoice, feeLimitMsat: 1_000n, expiryLimitHeight },
        AbortSignal.timeout(10_000),
      )
    },
    async buy(peer, ask) {
      const before = sales.filter(({ state }) => state === 'settled').length
      const offer = await rig.offer(peer, ask)
      await rig.pay(offer)
      await rig.reached('settled', before + 1)
      return offer
    },
    async reached(state, count = 1) {
      const isThere = (): boolean => sales.filter((sale) => sale.state === state).length >= count
      if (isThere()) return
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (!isThere()) return
          watchers.delete(look)
          resolve()
        }
        watchers.add(look)
      })
    },
    async close() {
      await desk.close(AbortSignal.timeout(5_000))
      await buyer.close()
      if (!beside) {
        await wallet.close()
        store.close()
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return rig
}
