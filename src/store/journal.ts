/**
 * The journal of money: one row of state a machine and one event a step, written together (docs/protocol.md §9).
 * @module
 */
import type { Purchase, PurchaseEvent } from '../core/purchase.ts'
import type { Sale, SaleEvent } from '../core/sale.ts'
import type { CouponPlace, Coupons } from './coupons.ts'
import type { Database, Row } from './database.ts'
import { Events, type JournalEvent, type Machine } from './events.ts'
import type { KeyRing } from './keyring.ts'
import { broken, MachineRows } from './machine-rows.ts'
import { PURCHASE_COLUMNS, purchaseCells, readPurchase } from './purchase-row.ts'
import { checkPurchase, checkSale } from './row-check.ts'
import { readSale, SALE_COLUMNS, saleCells } from './sale-row.ts'

/** What belongs to a coupon's sale beside its row. */
export interface SaleCoupon extends Pick<CouponPlace, 'salt' | 'c'> {
  /** Nothing was settled with this buyer yet. */
  readonly isStranger: boolean
}

/** What of a torrent's budget is gone (money law 10). */
export interface Spent {
  /** Amounts and fees of what was paid. */
  readonly spentMsat: bigint
  /** Amounts and fee limits of what may be in flight. */
  readonly reservedMsat: bigint
  /** Amounts and fee limits of dead payments: not reserved, and the one thing that may still exceed a budget. */
  readonly deadMsat: bigint
}

/** The journal's part of the store. A record is on disk when its call returns. */
export class Journal {
  private readonly db: Database
  private readonly keyring: KeyRing
  private readonly coupons: Coupons
  private readonly log: Events
  private readonly rows: MachineRows

  /** @throws {@link LntError} `BAD_JOURNAL` when events and rows do not agree */
  constructor(
    db: Database,
    parts: { readonly keyring: KeyRing; readonly coupons: Coupons; readonly nowMs: () => number },
  ) {
    this.db = db
    this.keyring = parts.keyring
    this.coupons = parts.coupons
    this.log = new Events(db)
    this.rows = new MachineRows(db, this.log, parts.nowMs)
    // Every row once: sums in SQL may then rely on what they add up.
    for (const row of db.all('SELECT * FROM purchase')) readPurchase(row)
    for (const row of db.all('SELECT * FROM sale')) readSale(row)
  }

  /** Runs `work` in one transaction: a check and the record that relies on it (money law 10). */
  transaction<T>(work: () => T): T {
    return this.db.transaction(work)
  }

  /**
   * Records what happened to a purchase: `offer` adds it, every other event moves it. With `good`, its key goes
   * into the key ring in the same transaction.
   * @throws {@link LntError} `BAD_TRANSITION` when what is on disk allows no such step; `ALREADY_PAID` (law 2);
   *   `FILE_SYSTEM`, `BAD_JOURNAL`
   */
  recordPurchase(purchase: Purchase, event: PurchaseEvent, key?: Uint8Array): void {
    checkPurchase(purchase)
    if ((event === 'good') !== (key !== undefined))
      throw broken('purchase', 'a key comes with good')
    const { hash, nonce, state, amountMsat, feeMsat = 0n } = purchase
    const columns = PURCHASE_COLUMNS
    this.db.transaction(() => {
      const sql = 'SELECT id, state FROM purchase WHERE hash = ? AND nonce = ?'
      const row = this.db.get(sql, hash, nonce)
      const cells = purchaseCells(purchase)
      const about = { machine: 'purchase', state, hash, msat: amountMsat, feeMsat } as const
      this.rows.write({ ...about, row, event, columns, cells })
      if (key) this.keyring.put(purchase.infoSha256, { span: purchase.span, key }, 'bought')
    })
  }

  /**
   * Records what happened to a sale: `offer` adds it, every other event moves it. A coupon goes with its sale, in the
   * same transaction: out at `offer`, retired at `accept` (before the settle call), to the pool at `cancelled`.
   * @param coupon - for `offer` of kind 1
   * @throws {@link LntError} `HASH_IN_USE` when the hash has a sale that is open or was settled, or its coupon rests;
   *   `BAD_TRANSITION`, `FILE_SYSTEM`, `BAD_JOURNAL`
   */
  recordSale(sale: Sale, event: SaleEvent | 'offer', coupon?: SaleCoupon): void {
    checkSale(sale)
    const isCoupon = sale.kind === 1
    if ((isCoupon && event === 'offer') !== (coupon !== undefined))
      throw broken('sale', 'a coupon comes with an offer of kind 1')
    const { hash, state, amountMsat } = sale
    const columns = SALE_COLUMNS
    this.db.transaction(() => {
      const sql = `SELECT id, state FROM sale WHERE hash = ? AND state <> 'cancelled'`
      const row = event === 'offer' ? undefined : this.db.get(sql, hash)
      const cells = saleCells(sale)
      const about = { machine: 'sale', state, hash, msat: amountMsat, feeMsat: 0n } as const
      this.rows.write({ ...about, row, event, columns, cells })
      if (isCoupon) this.moveCoupon(sale, coupon)
    })
  }

  /** Purchases that are not at their end, oldest first: offered, paying, dead, paid. */
  unfinishedPurchases(): Purchase[] {
    return this.db
      .all(
        `SELECT * FROM purchase WHERE state IN ('offered', 'paying', 'dead', 'paid') ORDER BY id`,
      )
      .map(readPurchase)
  }

  /** Sales that are not at their end, oldest first. */
  unfinishedSales(): Sale[] {
    return this.db
      .all(
        `SELECT * FROM sale WHERE state IN ('offered', 'held', 'settling', 'cancelling') ORDER BY id`,
      )
      .map(readSale)
  }

  /** The purchase that paid this hash or may have, else the newest one. */
  purchaseOf(hash: Uint8Array): Purchase | undefined {
    const row = this.db.get(
      `SELECT * FROM purchase WHERE hash = ?
       ORDER BY state IN ('paying', 'dead', 'paid', 'opened', 'cheated') DESC, id DESC LIMIT 1`,
      hash,
    )
    return row && readPurchase(row)
  }

  /** Whether any payment of this hash was ever begun, however it ended. */
  wasSent(hash: Uint8Array): boolean {
    const sql = `SELECT 1 FROM purchase WHERE hash = ? AND state NOT IN ('offered', 'refused')`
    return this.db.get(sql, hash) !== undefined
  }

  /** The newest sale of this hash. */
  saleOf(hash: Uint8Array): Sale | undefined {
    const row = this.db.get('SELECT * FROM sale WHERE hash = ? ORDER BY id DESC LIMIT 1', hash)
    return row && readSale(row)
  }

  /** All purchases of a torrent, oldest first. */
  purchasesOf(infoSha256: Uint8Array): Purchase[] {
    return this.db
      .all('SELECT * FROM purchase WHERE info_sha256 = ? ORDER BY id', infoSha256)
      .map(readPurchase)
  }

  /** All sales of a torrent, oldest first. */
  salesOf(infoSha256: Uint8Array): Sale[] {
    return this.db
      .all('SELECT * FROM sale WHERE info_sha256 = ? ORDER BY id', infoSha256)
      .map(readSale)
  }

  /** Spans of a torrent that were paid, or may have been: what is bought ahead counts from them (docs/protocol.md §7). */
  paidSpans(infoSha256: Uint8Array): { readonly span: number; readonly amountMsat: bigint }[] {
    return this.purchasesOf(infoSha256)
      .filter(({ state }) => state !== 'offered' && state !== 'refused' && state !== 'failed')
      .map(({ span, amountMsat }) => ({ span, amountMsat }))
  }

  /** Whether a purchase has a row: one ask, one nonce, one row. */
  knows({ hash, nonce }: Pick<Purchase, 'hash' | 'nonce'>): boolean {
    const sql = 'SELECT 1 FROM purchase WHERE hash = ? AND nonce = ?'
    return this.db.get(sql, hash, nonce) !== undefined
  }

  /** What of a torrent's budget is gone, whatever run of the program spent it. */
  spent(infoSha256: Uint8Array): Spent {
    const sum = (of: string, states: string): bigint => {
      const row = this.db.get(
        `SELECT IFNULL(SUM(amount_msat + ${of}), 0) AS msat FROM purchase
         WHERE info_sha256 = ? AND state IN (${states})`,
        infoSha256,
      )
      return BigInt(row?.['msat']?.toString() ?? 0)
    }
    return {
      spentMsat: sum('fee_msat', `'paid', 'opened', 'cheated'`),
      reservedMsat: sum('fee_limit_msat', `'paying'`),
      deadMsat: sum('fee_limit_msat', `'dead'`),
    }
  }

  /**
   * The newest payment or sale of this wallet that is settled: a wallet that does not know it was restored, and
   * proves nothing by its silence (money law 3 b).
   * @param walletNode - 33 bytes
   */
  latestSettledAct(walletNode: Uint8Array): Purchase | Sale | undefined {
    const newest = (machine: Machine, states: string): Row | undefined =>
      this.db.get(
        `SELECT ${machine}.*, event.seq FROM event JOIN ${machine} ON ${machine}.id = event.id
         WHERE event.machine = '${machine}' AND event.state = '${states}' AND wallet_node = ?
         ORDER BY event.seq DESC LIMIT 1`,
        walletNode,
      )
    const paid = newest('purchase', 'paid')
    const settled = newest('sale', 'settled')
    const isPaid = Number(paid?.['seq'] ?? 0) > Number(settled?.['seq'] ?? 0)
    if (isPaid && paid) return readPurchase(paid)
    return settled && readSale(settled)
  }

  /** Everything that happened, in order. */
  events(): JournalEvent[] {
    return this.log.all()
  }

  private moveCoupon(sale: Sale, coupon: SaleCoupon | undefined): void {
    if (coupon) this.coupons.take({ ...sale, ...coupon })
    else if (sale.state === 'cancelled') this.coupons.giveBack(sale.hash)
    else if (sale.state === 'settling' || sale.state === 'settled') this.coupons.retire(sale.hash)
  }
}
