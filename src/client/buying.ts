/**
 * One torrent that is bought: its book, shelf and shop around what the swarm fetches.
 * @module
 */

import type { SealedTorrent } from '../../torrents/info.ts'
import { pieceOpener } from '../../torrents/piece-opener.ts'
import { RecordBook } from '../../torrents/records.ts'
import { feeLimitMsat } from '../core/budget.ts'
import { toHex } from '../core/bytes.ts'
import { hasCode, LntError } from '../core/errors.ts'
import { covers } from '../core/geometry.ts'
import type { Purchase } from '../core/purchase.ts'
import { RecordsDesk } from '../market/records-desk.ts'
import { Shelf } from '../market/shelf.ts'
import { Shop, type Standstill } from '../market/shop.ts'
import type { Wants } from '../market/shop-ports.ts'
import type { Lie } from '../market/trust.ts'
import type { PieceStore } from '../swarm/piece-store.ts'
import type { SwarmTorrent } from '../swarm/torrent.ts'
import { BUYER_TAKES, Counter, ROWS_TAKES } from './counter.ts'
import type { Status } from './events.ts'
import type { Link } from './link.ts'
import { RowsClerk } from './rows-clerk.ts'
import type { Session } from './session.ts'
import { type BuySettings, DEFAULT_BUDGET_MSAT, DEFAULT_MAX_PRICE_MSAT } from './settings.ts'

/** How long the user is left without a word while metadata is looked for, ms. */
const LOOKING_MS = 5_000

/** What is bought, and what becomes of it. */
export interface BuyingParts {
  readonly link: Link
  readonly settings: BuySettings
  /** Where the ciphertext goes; called once, when the torrent is known. */
  readonly makeStore: (torrent: SealedTorrent, shelf: Shelf) => Promise<PieceStore>
  /** What to buy now. */
  readonly wants: () => Wants
  /** Plaintext of a piece, once. */
  readonly onPlain: (piece: number, plaintext: Uint8Array) => Promise<void>
  /** The publisher has lied: nothing more is bought. */
  readonly onCheated: (err: LntError) => void
}

const STANDSTILLS: Readonly<Partial<Record<NonNullable<Standstill>, string>>> = {
  budget: 'the budget is reached: nothing more is bought; give a larger --budget to go on',
  'too-dear': 'everybody asks more than --max-price',
  'no-seller': 'waiting for a seller',
  wallet: 'the wallet does not answer: buying goes on when it does',
  cheated: 'the publisher has lied before: nothing of this torrent is bought',
}

/** A torrent being bought. Lives until `close`. */
export class Buying {
  readonly live: SwarmTorrent
  readonly shelf: Shelf
  readonly book: RecordBook
  readonly #session: Session
  readonly #parts: BuyingParts
  readonly #counter: Counter
  #shop: Shop | undefined
  #isClosed = false
  #spentMsat: bigint
  #toldStandstill: Standstill

  private constructor(
    session: Session,
    parts: BuyingParts,
    own: Pick<Buying, 'live' | 'shelf' | 'book'> & { counter: Counter },
  ) {
    this.#session = session
    this.#parts = parts
    this.live = own.live
    this.shelf = own.shelf
    this.book = own.book
    this.#counter = own.counter
    this.#spentMsat = session.store.journal.spent(own.live.torrent.infoSha256).spentMsat
    const { pieces } = own.live.torrent
    const { admission } = session
    const desk = new RecordsDesk({ pieces, records: this.book, admission })
    this.#counter.add({ takes: ROWS_TAKES, handler: new RowsClerk(desk, admission) })
    this.live.onVerified((piece) => this.#shop?.verified(piece))
  }

  /** Joins the swarm; resolves when the info dict is here and what an earlier run fetched was found. */
  static async join(session: Session, parts: BuyingParts): Promise<Buying> {
    const { infoHash, infoSha256, infoBytes, peers, trackers } = parts.link
    const counter = new Counter()
    let shelf: Shelf | undefined
    let live: SwarmTorrent | undefined
    let connected = 0
    const looking = setTimeout(() => {
      const text = `no peer has told what this torrent is yet (${connected} connected): is its seeder running? --peer HOST:PORT names one`
      session.tell({ event: 'note', text })
    }, LOOKING_MS)
    live = await session.swarm
      .join(
        {
          infoHash,
          infoSha256,
          ...(infoBytes && { infoBytes }),
          peers: [...peers, ...(parts.settings.peers ?? [])],
          trackers: [...trackers, ...(session.options.trackers ?? [])],
          signal: session.signal,
          onFailed: (err) => session.broken.reject(err),
          onPeers: (peers) => {
            connected = peers
          },
        },
        async (torrent) => {
          clearTimeout(looking)
          const keys = session.store.keyring.spans(torrent.infoSha256)
          shelf = new Shelf(torrent, keys, (piece) => live?.has(piece) ?? false)
          return parts.makeStore(torrent, shelf)
        },
        counter,
      )
      .finally(() => clearTimeout(looking))
    if (!shelf) throw new Error('swarm: joined without a store')
    const { torrent } = live
    session.tell({
      event: 'metadata',
      name: torrent.name,
      infoHash: toHex(torrent.infoHash),
      pieces: torrent.pieces,
      pieceBytes: torrent.pieceBytes,
      totalBytes: torrent.totalBytes,
    })
    return new Buying(session, parts, { live, shelf, book: new RecordBook(torrent), counter })
  }

  /** Opens the shop. The wallet may take its time. */
  async shop(): Promise<void> {
    const session = this.#session
    const wallet = await session.wallet()
    if (session.signal.aborted || this.#isClosed || this.#shop) return
    const { settings, wants, onPlain } = this.#parts
    this.#shop = new Shop({
      torrent: this.live.torrent,
      book: this.book,
      shelf: this.shelf,
      goods: this.live,
      opener: pieceOpener(),
      wallet,
      journal: session.store.journal,
      keyring: session.store.keyring,
      resumed: session.resumed,
      clock: session.clock,
      random: session.random,
      limits: {
        budgetMsat: settings.budgetMsat ?? DEFAULT_BUDGET_MSAT,
        maxPriceMsat: settings.maxPriceMsat ?? DEFAULT_MAX_PRICE_MSAT,
        feeLimitMsat: (amountMsat) => feeLimitMsat(amountMsat, settings.feeRule),
        isTrusted: settings.isTrusted ?? false,
      },
      wants,
      onPlain,
      onPurchase: (purchase) => this.#bought(purchase),
      onCheated: (lie) => this.#cheated(lie),
      onChange: () => this.#tellStandstill(),
      onError: (err) => {
        // What is bought cannot be kept: nothing more is.
        if (hasCode(err, 'FILE_SYSTEM')) session.broken.reject(err)
        else session.failed(err)
      },
    })
    this.#counter.add({ takes: BUYER_TAKES, handler: this.#shop })
    this.#shop.pump()
  }

  /** Something is wanted that was not before. */
  wake(): void {
    this.#shop?.pump()
  }

  /** How it stands. */
  status(): Status {
    const { torrent, stats } = this.live
    const standstill = this.#shop?.standstill
    const text = standstill && STANDSTILLS[standstill]
    return {
      name: torrent.name,
      peers: stats.peers,
      sellers: this.#shop?.sellers.selling ?? 0,
      downBytesPerSecond: stats.downBps,
      upBytesPerSecond: stats.upBps,
      haveBytes: Math.min(torrent.totalBytes, stats.heldPieces * torrent.pieceBytes),
      totalBytes: torrent.totalBytes,
      openPieces: this.shelf.keyedCount,
      pieces: torrent.pieces,
      spentMsat: this.#spentMsat,
      earnedMsat: 0n,
      ...(text !== undefined && { standstill: text }),
    }
  }

  /** Stops buying, then leaves the swarm. @returns purchases whose end is not known by the deadline */
  async close(deadline: AbortSignal): Promise<readonly Purchase[]> {
    this.#isClosed = true
    const unfinished = (await this.#shop?.close(deadline)) ?? []
    await this.live.close()
    return unfinished
  }

  #bought(purchase: Purchase): void {
    const { journal } = this.#session.store
    this.#spentMsat = journal.spent(purchase.infoSha256).spentMsat
    if (purchase.state === 'refused') return
    const { first, count } = covers(this.live.torrent.pieces, purchase.span)
    const { state, span, kind, amountMsat, feeMsat = 0n } = purchase
    const hash = toHex(purchase.hash)
    this.#session.tell({
      event: 'purchase',
      state,
      span,
      firstPiece: first,
      count,
      kind,
      amountMsat,
      feeMsat,
      hash,
    })
  }

  #cheated({ span, isPublishers }: Lie): void {
    const { first, count } = covers(this.live.torrent.pieces, span)
    const who = isPublishers ? 'the publisher has lied' : 'a partner of the publisher has lied'
    const text = `the key of pieces ${first} to ${first + count - 1} does not open what was promised: ${who}`
    this.#session.tell({ event: 'note', text })
    if (isPublishers) this.#parts.onCheated(new LntError({ code: 'BAD_KEY', why: who, span }))
  }

  /** A reached budget and the like are news once. */
  #tellStandstill(): void {
    const standstill = this.#shop?.standstill
    if (standstill === this.#toldStandstill) return
    this.#toldStandstill = standstill
    const text = standstill && STANDSTILLS[standstill]
    if (text && standstill !== 'no-seller') this.#session.tell({ event: 'note', text })
  }
}
