/**
 * A purchase as a row of the journal, and back, strictly.
 * @module
 */
import {
  type Certificate,
  type Endorsement,
  PURCHASE,
  type Purchase,
  type PurchaseState,
} from '../core/purchase.ts'
import type { Cell, Row } from './database.ts'
import { Reader } from './row.ts'

/** Columns under the checksum, in the order of {@link purchaseCells}. */
export const PURCHASE_COLUMNS: readonly string[] = (
  'state info_sha256 span kind j hash wrap kc pt cv rpath cpath invoice payee ' +
  'amount_msat fee_limit_msat nonce exp sig x cert_exp dk cert expires_at_ms ' +
  'wallet_node expiry_limit_height preimage fee_msat'
).split(' ')

/** A purchase as values of {@link PURCHASE_COLUMNS}. */
export function purchaseCells(p: Purchase): Cell[] {
  const { endorsement: e, record: r } = p
  const d = e?.delegate
  return [
    p.state,
    p.infoSha256,
    p.span,
    p.kind,
    p.j,
    p.hash,
    p.wrap,
    r.kc,
    r.pt,
    r.cv,
    r.rpath,
    p.cpath,
    p.invoice,
    p.payee,
    p.amountMsat,
    p.feeLimitMsat,
    p.nonce,
    e?.exp,
    e?.sig,
    d?.x,
    d?.certExp,
    d?.dk,
    d?.cert,
    p.expiresAtMs,
    p.walletNode,
    p.expiryLimitHeight,
    p.preimage,
    p.feeMsat,
  ].map((value) => value ?? null)
}

/**
 * Reads a purchase back.
 * @throws {@link LntError} `BAD_JOURNAL` when the row is not one that we wrote
 */
export function readPurchase(row: Row): Purchase {
  const r = new Reader('purchase', row, PURCHASE_COLUMNS)
  const endorsement = readEndorsement(r)
  return {
    state: r.word('state', Object.keys(PURCHASE).filter(isState)),
    infoSha256: r.bytes('info_sha256', 32),
    span: r.integer('span'),
    kind: r.word('kind', [1, 2, 3, 4] as const),
    j: r.integer('j'),
    hash: r.bytes('hash', 32),
    wrap: r.bytes('wrap', 32),
    record: {
      kc: r.bytes('kc', 32),
      pt: r.bytes('pt', 32),
      cv: r.bytes('cv', 32),
      rpath: r.bytes('rpath'),
    },
    cpath: r.bytes('cpath'),
    invoice: r.text('invoice'),
    payee: r.bytes('payee', 33),
    amountMsat: r.msat('amount_msat'),
    feeLimitMsat: r.msat('fee_limit_msat'),
    nonce: r.bytes('nonce', 32),
    ...(endorsement && { endorsement }),
    expiresAtMs: r.integer('expires_at_ms'),
    ...readPayment(r),
  }
}

function readPayment(r: Reader): Partial<Purchase> {
  return {
    ...(r.isNull('wallet_node') ? {} : { walletNode: r.bytes('wallet_node', 33) }),
    ...(r.isNull('expiry_limit_height')
      ? {}
      : { expiryLimitHeight: r.integer('expiry_limit_height') }),
    ...(r.isNull('preimage') ? {} : { preimage: r.bytes('preimage', 32) }),
    ...(r.isNull('fee_msat') ? {} : { feeMsat: r.msat('fee_msat') }),
  }
}

function readEndorsement(r: Reader): Endorsement | undefined {
  if (r.isNull('sig')) return undefined
  const delegate = readCertificate(r)
  return { exp: r.integer('exp'), sig: r.bytes('sig', 64), ...(delegate && { delegate }) }
}

function readCertificate(r: Reader): Certificate | undefined {
  if (r.isNull('cert')) return undefined
  return {
    x: r.integer('x'),
    certExp: r.integer('cert_exp'),
    dk: r.bytes('dk', 32),
    cert: r.bytes('cert', 64),
  }
}

function isState(word: string): word is PurchaseState {
  return word in PURCHASE
}
