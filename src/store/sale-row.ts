/**
 * A sale as a row of the journal, and back, strictly.
 * @module
 */
import { SALE, type Sale, type SaleState } from '../core/sale.ts'
import type { Cell, Row } from './database.ts'
import { Reader } from './row.ts'

/** Columns under the checksum, in the order of {@link saleCells}. */
export const SALE_COLUMNS: readonly string[] = (
  'state info_sha256 hash span kind j preimage amount_msat exp expires_at_ms buyer ' +
  'expiry_height wallet_node'
).split(' ')

/** A sale as values of {@link SALE_COLUMNS}. */
export function saleCells(s: Sale): Cell[] {
  return [
    s.state,
    s.infoSha256,
    s.hash,
    s.span,
    s.kind,
    s.j,
    s.preimage,
    s.amountMsat,
    s.exp,
    s.expiresAtMs,
    s.buyer,
    s.expiryHeight,
    s.walletNode,
  ].map((value) => value ?? null)
}

/**
 * Reads a sale back.
 * @throws {@link LntError} `BAD_JOURNAL` when the row is not one that we wrote
 */
export function readSale(row: Row): Sale {
  const r = new Reader('sale', row, SALE_COLUMNS)
  return {
    state: r.word('state', Object.keys(SALE).filter(isState)),
    infoSha256: r.bytes('info_sha256', 32),
    hash: r.bytes('hash', 32),
    span: r.integer('span'),
    kind: r.word('kind', [1, 2, 3, 4] as const),
    j: r.integer('j'),
    preimage: r.bytes('preimage', 32),
    amountMsat: r.msat('amount_msat'),
    exp: r.integer('exp'),
    expiresAtMs: r.integer('expires_at_ms'),
    buyer: r.text('buyer'),
    ...(r.isNull('expiry_height') ? {} : { expiryHeight: r.integer('expiry_height') }),
    ...(r.isNull('wallet_node') ? {} : { walletNode: r.bytes('wallet_node', 33) }),
  }
}

function isState(word: string): word is SaleState {
  return word in SALE
}
