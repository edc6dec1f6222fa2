/**
 * One torrent that this profile publishes: its ciphertext at once, its keys as soon as the wallet is up.
 * @module
 */

import { CouponSeeds } from '../../torrents/coupons.ts'
import type { SealedTorrent } from '../../torrents/info.ts'
import { cipherKey, keyOf, publisherKey, publisherSeed, rootKey } from '../../torrents/keys.ts'
import { buildMagnet } from '../../torrents/magnet.ts'
import { type RecordTable, recordTable } from '../../torrents/records.ts'
import { toHex } from '../core/bytes.ts'
import { covers, leafOf } from '../core/geometry.ts'
import type { Price } from '../core/price.ts'
import type { Sale } from '../core/sale.ts'
import { Desk } from '../market/desk.ts'
import { RecordsDesk } from '../market/records-desk.ts'
import { Stock } from '../market/stock.ts'
import { ownAddresses } from '../swarm/addresses.ts'
import { openSealedFiles } from '../swarm/sealed-files.ts'
import type { SwarmTorrent } from '../swarm/torrent.ts'
import { Counter, ROWS_TAKES, SELLER_TAKES } from './counter.ts'
import type { Status } from './events.ts'
import type { Publication } from './publishing.ts'
import { RowsClerk } from './rows-clerk.ts'
import type { Session } from './session.ts'

/** What is seeded, and for how much. */
export interface SeedingParts {
  readonly publication: Publication
  readonly price: Price
  readonly peers: readonly string[]
}

/** A published torrent. Lives until `close`. */
export class Seeding {
  readonly torrent: SealedTorrent
  readonly magnet: string
  readonly #session: Session
  readonly #parts: SeedingParts
  readonly #counter = new Counter()
  readonly #table: RecordTable
  readonly #rows: RowsClerk
  #live: SwarmTorrent | undefined
  #desk: Desk | undefined
  #earnedMsat = 0n

  private constructor(session: Session, parts: SeedingParts) {
    const { torrent, rows } = parts.publication
    this.torrent = torrent
    this.#session = session
    this.#parts = parts
    this.#table = recordTable(rows, torrent.pieces)
    const records = new RecordsDesk({
      pieces: torrent.pieces,
      records: this.#table,
      admission: session.admission,
    })
    this.#rows = new RowsClerk(records, session.admission)
    this.#counter.add({ takes: ROWS_TAKES, handler: this.#rows })
    this.#earnedMsat = session.store.journal
      .salesOf(torrent.infoSha256)
      .reduce((sum, sale) => (sale.state === 'settled' ? sum + sale.amountMsat : sum), 0n)
    this.magnet = buildMagnet({
      infoHash: torrent.infoHash,
      infoSha256: torrent.infoSha256,
      name: torrent.name,
      peers: ownAddresses(session.swarm.port),
      trackers: session.options.trackers ?? [],
    })
  }

  /** Serves the ciphertext; selling begins by itself when the wallet is up. */
  static async start(session: Session, parts: SeedingParts): Promise<Seeding> {
    const seeding = new Seeding(session, parts)
    await seeding.#serve()
    return seeding
  }

  /** How it stands. */
  status(): Status {
    const { name, pieces, totalBytes } = this.torrent
    const stats = this.#live?.stats
    return {
      name,
      peers: stats?.peers ?? 0,
      sellers: 0,
      downBytesPerSecond: 0,
      upBytesPerSecond: stats?.upBps ?? 0,
      haveBytes: totalBytes,
      totalBytes,
      openPieces: 0,
      pieces,
      spentMsat: 0n,
      earnedMsat: this.#earnedMsat,
    }
  }

  /** Opens the desk. The wallet may take its time. */
  async sell(): Promise<void> {
    const { store, clock, admission, nonces, random, signal } = this.#session
    const wallet = await this.#session.wallet()
    if (signal.aborted) return
    const desk = new Desk(
      {
        wallet,
        journal: store.journal,
        coupons: store.coupons,
        clock,
        random,
        admission,
        nonces,
        stock: this.#stock(),
        rows: this.#rows.desk,
        onSale: (sale) => this.#sold(sale),
        onError: (err) => this.#session.failed(err),
      },
      this.#parts.price,
    )
    this.#desk = desk
    this.#counter.remove(this.#rows)
    this.#counter.add({ takes: [...SELLER_TAKES, ...ROWS_TAKES], handler: desk })
  }

  /** Stops selling, then serving. @returns sales whose end is not known by the deadline */
  async close(deadline: AbortSignal): Promise<readonly Sale[]> {
    const unfinished = (await this.#desk?.close(deadline)) ?? []
    await this.#live?.close()
    return unfinished
  }

  async #serve(): Promise<void> {
    const { session, publication, peers } = { session: this.#session, ...this.#parts }
    const { torrent, files, master } = publication
    const root = { span: 1, key: rootKey(master, torrent.salt) }
    const store = await openSealedFiles({
      torrent,
      paths: files.map(({ path }) => path),
      stamps: files,
      cipherKeyOf: (piece) => cipherKey(keyOf(root, leafOf(torrent.pieces, piece))),
    })
    this.#live = await session.swarm.seed(
      {
        infoBytes: torrent.infoBytes,
        trackers: session.options.trackers ?? [],
        peers,
        onFailed: (err) => this.#ended(err),
      },
      store,
      this.#counter,
    )
  }

  /** A file has changed, for one. The others go on; without any there is nothing left to do. */
  #ended(err: unknown): void {
    if (this.#session.swarm.torrents.size > 0) this.#session.failed(err)
    else this.#session.broken.reject(err)
  }

  #stock(): Stock {
    const { torrent } = this
    const { master, isAnonymous } = this.#parts.publication
    const root = { span: 1, key: rootKey(master, torrent.salt) }
    return new Stock(
      torrent,
      {
        keyOf: (span) => keyOf(root, span),
        spans: () => [1],
        coupons: {
          seeds: CouponSeeds.ofMaster(master, torrent.salt, torrent.c),
          freshFrom: this.#session.store.coupons.freshFrom(publisherKey(publisherSeed(master))),
        },
        endorser: { secretSeed: publisherSeed(master, isAnonymous ? torrent.salt : undefined) },
      },
      this.#table,
    )
  }

  #sold(sale: Sale): void {
    if (sale.state !== 'settled' && sale.state !== 'lost') return
    if (sale.state === 'settled') this.#earnedMsat += sale.amountMsat
    const { first, count } = covers(this.torrent.pieces, sale.span)
    const { state, span, kind, amountMsat } = sale
    const hash = toHex(sale.hash)
    this.#session.tell({
      event: 'sale',
      state,
      span,
      firstPiece: first,
      count,
      kind,
      amountMsat,
      hash,
    })
  }
}
