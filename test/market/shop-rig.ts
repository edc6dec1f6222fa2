/**
 * A buyer's shop over a real desk: two stores, two ledger wallets, one virtual clock, no socket.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { feeLimitMsat } from '../../src/core/budget.ts'
import { concat, equal } from '../../src/core/bytes.ts'
import { leafOf, pieceLength } from '../../src/core/geometry.ts'
import { spanPriceMsat } from '../../src/core/price.ts'
import type { Purchase } from '../../src/core/purchase.ts'
import { type Books, booksOf } from '../../src/market/books.ts'
import { Shelf } from '../../src/market/shelf.ts'
import { Shop } from '../../src/market/shop.ts'
import type { ShopLimits, ShopPorts, Wants } from '../../src/market/shop-ports.ts'
import type { Lie } from '../../src/market/trust.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import type { LedgerNode } from '../../src/wallet/ledger-node.ts'
import { LedgerWallet } from '../../src/wallet/ledger-wallet.ts'
import type { Wallet } from '../../src/wallet/wallet.ts'
import { applyCipher } from '../../torrents/cipher.ts'
import type { SealedTorrent } from '../../torrents/info.ts'
import { cipherKey } from '../../torrents/keys.ts'
import { OPEN_HERE } from '../../torrents/piece-opener.ts'
import { RecordBook } from '../../torrents/records.ts'
import { type DeskRig, deskRig, publisherOf, type RigOptions } from './desk-rig.ts'
import { type Faults, faulty } from './faulty-wallet.ts'
import { type Link, link, type Tamper } from './trade-link.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What the buyer of a test is like. */
export interface ShopRigOptions extends RigOptions {
  readonly limits?: Partial<ShopLimits>
  /** Ciphertext that is not there yet. */
  readonly missing?: readonly number[]
  /** What is wanted; everything that is locked. */
  readonly wants?: (shelf: Shelf) => Wants
  readonly ports?: (ports: ShopPorts) => Partial<ShopPorts>
}

/** Sets up a desk and a shop that do not know each other yet. The caller closes it. */
export async function shopRig(options: ShopRigOptions = {}): Promise<ShopRig> {
  return new ShopRig(await deskRig(options), options)
}

/** A buyer. What is on disk outlives `reopen`. */
export class ShopRig {
  readonly desk: DeskRig
  readonly torrent: SealedTorrent
  readonly node: LedgerNode
  readonly faults: Faults = {}
  readonly held: Set<number>
  readonly plain: Map<number, Uint8Array> = new Map()
  readonly purchases: Purchase[] = []
  readonly lies: Lie[] = []
  readonly errors: unknown[] = []
  readonly links: Link[] = []
  wallet: Wallet
  store: Store
  shop: Shop
  shelf: Shelf
  book: RecordBook
  /** Spans that were given out twice, or plaintext that came twice. */
  readonly twice: number[] = []
  readonly #options: ShopRigOptions
  readonly #dir: string = mkdtempSync(join(tmpdir(), 'lnt-shop-'))

  constructor(desk: DeskRig, options: ShopRigOptions) {
    this.desk = desk
    this.#options = options
    this.torrent = desk.sealed.torrent
    const { ledger, sellerNode } = desk.process
    this.node = ledger.addNode({ secretKey: new Uint8Array(randomBytes(32)) })
    ledger.openChannel(this.node, sellerNode, { nearMsat: 100_000_000n, farMsat: 0n })
    const all = Array.from({ length: this.torrent.pieces }, (_, piece) => piece)
    this.held = new Set(all.filter((piece) => !options.missing?.includes(piece)))
    this.wallet = this.#openWallet()
    this.store = this.#openStore()
    this.shelf = this.#newShelf()
    this.book = new RecordBook(this.torrent)
    this.shop = this.#newShop(new Map())
  }

  get clock(): VirtualClock {
    return this.desk.clock
  }

  /** Joins the shop with a desk. */
  connect(options: { tamper?: Tamper; desk?: DeskRig; address?: string } = {}): Link {
    const joined = link(this.shop, (options.desk ?? this.desk).desk, options)
    this.links.push(joined)
    return joined
  }

  /** A piece of ciphertext comes. */
  arrive(piece: number): void {
    this.held.add(piece)
    this.shop.verified(piece)
  }

  /** Ends the process and starts it again, with what an earlier run left. */
  async reopen(resumed: (rig: ShopRig) => ReadonlyMap<string, Promise<Purchase>>): Promise<void> {
    for (const { buyer } of this.links) buyer.close()
    await this.shop.close(AbortSignal.abort())
    await this.wallet.close()
    this.store.close()
    this.plain.clear()
    this.purchases.length = 0
    this.wallet = this.#openWallet()
    this.store = this.#openStore()
    this.shelf = this.#newShelf()
    this.book = new RecordBook(this.torrent)
    this.shop = this.#newShop(resumed(this))
  }

  /** Waits for something, with turns of the event loop; when nothing happens for a while, time passes. */
  async until(isThere: () => boolean, what = 'it'): Promise<void> {
    for (let i = 0; i < 6_000; i++) {
      if (isThere()) return
      await turn()
      if (i % 30 === 29) this.clock.pass(100)
    }
    throw new Error(`${what} did not come; ${this.shop.standstill}`)
  }

  /** Waits until every piece is open. */
  async whole(): Promise<void> {
    await this.until(() => this.plain.size === this.torrent.pieces, 'the whole torrent')
    await this.settled()
  }

  /** Waits until the desk has ended all sales that are held. */
  async settled(): Promise<void> {
    const { journal } = this.desk.store
    await this.until(
      () =>
        journal
          .salesOf(this.torrent.infoSha256)
          .every(({ state }) => state !== 'held' && state !== 'settling'),
      'the end of the sales',
    )
  }

  /** Lets everything happen that happens by itself, and `ms` pass. */
  async calm(ms = 0): Promise<void> {
    for (let i = 0; i < 60; i++) await turn()
    if (ms > 0) await this.clock.run(ms)
    for (let i = 0; i < 60; i++) await turn()
  }

  /** Whether everything opened is what the publisher sealed. */
  get isRight(): boolean {
    return [...this.plain].every(([piece, plaintext]) => equal(plaintext, this.plaintextOf(piece)))
  }

  plaintextOf(piece: number): Uint8Array {
    const { pieceBytes, totalBytes } = this.torrent
    const text = Buffer.alloc(totalBytes, 'every piece another ')
    return new Uint8Array(text.subarray(piece * pieceBytes, (piece + 1) * pieceBytes))
  }

  /** What all opened spans cost by the price sheet. */
  get dueMsat(): bigint {
    return this.store.journal
      .purchasesOf(this.torrent.infoSha256)
      .filter(({ state }) => state === 'opened')
      .reduce((sum, { span }) => {
        const under = this.shelf.piecesOf(span)
        const paid = under.filter((piece) => !this.shelf.isFree(piece))
        return sum + spanPriceMsat(this.desk.desk.terms(), under.length, paid.length)
      }, 0n)
  }

  get spentMsat(): bigint {
    return this.store.journal.spent(this.torrent.infoSha256).spentMsat
  }

  /** What the two journals say of both sides. */
  books(): Books {
    return booksOf([this.store.journal, this.desk.store.journal])
  }

  async close(): Promise<void> {
    await this.shop.close(AbortSignal.abort())
    for (const { buyer } of this.links) buyer.close()
    await turn()
    await this.wallet.close()
    this.store.close()
    rmSync(this.#dir, { recursive: true, force: true })
    await this.desk.close()
  }

  #openWallet(): Wallet {
    const { ledger, clock } = this.desk.process
    const clockSeconds = (): number => Math.floor(clock.nowMs() / 1000)
    return faulty(new LedgerWallet({ ledger, node: this.node, clockSeconds }), this.faults)
  }

  #openStore(): Store {
    return openStore(this.#dir, { nowMs: () => this.clock.nowMs() })
  }

  #newShelf(): Shelf {
    const keys = this.store.keyring.spans(this.torrent.infoSha256)
    return new Shelf(this.torrent, keys, (piece) => this.held.has(piece))
  }

  #newShop(resumed: ReadonlyMap<string, Promise<Purchase>>): Shop {
    const { torrent, shelf } = this
    const everything = (): Wants => ({ pieces: shelf.locked(1024), urgent: 0, isSettled: true })
    const { wants } = this.#options
    const ports: ShopPorts = {
      torrent,
      book: this.book,
      wallet: this.wallet,
      journal: this.store.journal,
      keyring: this.store.keyring,
      goods: {
        has: (piece) => this.held.has(piece),
        read: async (piece) => this.ciphertextOf(piece),
      },
      opener: OPEN_HERE,
      shelf,
      resumed,
      clock: this.clock,
      random: (bytes) => new Uint8Array(randomBytes(bytes)),
      limits: {
        budgetMsat: 100_000_000n,
        maxPriceMsat: 1_000_000n,
        feeLimitMsat: (amountMsat) => feeLimitMsat(amountMsat),
        isTrusted: false,
        ...this.#options.limits,
      },
      wants: () => wants?.(shelf) ?? everything(),
      onPlain: async (piece, plaintext) => {
        if (this.plain.has(piece)) this.twice.push(piece)
        this.plain.set(piece, plaintext)
      },
      onPurchase: (purchase) => void this.purchases.push(purchase),
      onCheated: (lie) => void this.lies.push(lie),
      onChange: () => {},
      onError: (err) => void this.errors.push(err),
    }
    return new Shop({ ...ports, ...this.#options.ports?.(ports) })
  }

  /** What the swarm carries. */
  ciphertextOf(piece: number): Uint8Array {
    const { pieces, pieceBytes, totalBytes } = this.torrent
    const key = publisherOf(this.desk.sealed).keyOf(leafOf(pieces, piece))
    if (!key) throw new Error(`no key of ${piece}`)
    const ciphertext = applyCipher(cipherKey(key), this.plaintextOf(piece))
    if (ciphertext.length !== pieceLength(totalBytes, pieceBytes, piece)) throw new Error('length')
    return concat(ciphertext)
  }
}
