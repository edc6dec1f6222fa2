import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { NO_COUPON, type Purchase } from '../../src/core/purchase.ts'
import type { Sale } from '../../src/core/sale.ts'
import type { SaleCoupon } from '../../src/store/journal.ts'
import { openStore, type Store } from '../../src/store/store.ts'

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest())

/** 32 bytes that are a name's own. */
export const bytesOf = (name: string): Uint8Array => sha256(new TextEncoder().encode(name))

export const INFO: Uint8Array = bytesOf('info')
export const NODE: Uint8Array = new Uint8Array(33).fill(2)
export const COUPON: SaleCoupon = { salt: bytesOf('salt'), c: 4, isStranger: false }

/** Gives a store in a new directory to `use`, then removes it. Steps of `use` may reopen it. */
export function withStore(use: (home: Home) => void): void {
  const home = new Home()
  try {
    use(home)
  } finally {
    home.remove()
  }
}

/** A profile directory and its store. */
export class Home {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'lnt-store-'))
  nowMs = 1_800_000_000_000
  #store: Store | undefined

  /** The store, opened when it is not open. */
  get store(): Store {
    this.#store ??= openStore(this.dir, { nowMs: () => this.nowMs })
    return this.#store
  }

  get path(): string {
    return join(this.dir, 'journal.db')
  }

  close(): void {
    this.#store?.close()
    this.#store = undefined
  }

  remove(): void {
    this.close()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** A purchase as offered. */
export function purchaseOf(name: string, own: Partial<Purchase> = {}): Purchase {
  return {
    state: 'offered',
    infoSha256: INFO,
    span: 8,
    kind: 1,
    j: 3,
    hash: sha256(bytesOf(name)),
    wrap: bytesOf('wrap'),
    record: {
      kc: bytesOf('kc'),
      pt: bytesOf('pt'),
      cv: bytesOf('cv'),
      rpath: new Uint8Array(160).fill(3),
    },
    cpath: new Uint8Array(128).fill(4),
    invoice: 'lnbcrt1',
    payee: new Uint8Array(33).fill(3),
    amountMsat: 5_000n,
    feeLimitMsat: 1_050n,
    nonce: bytesOf(`${name} nonce`),
    endorsement: { exp: 1_800_000_180, sig: new Uint8Array(64).fill(5) },
    expiresAtMs: 1_800_000_060_000,
    ...own,
  }
}

/** A purchase taken through the journal to `opened`, with a routing fee of 7 msat. */
export function buy({ journal }: Store, name: string, own: Partial<Purchase> = {}): Purchase {
  const offered = purchaseOf(name, own)
  const paying: Purchase = {
    ...offered,
    state: 'paying',
    walletNode: NODE,
    expiryLimitHeight: 250,
  }
  const paid: Purchase = { ...paying, state: 'paid', preimage: bytesOf(name), feeMsat: 7n }
  const opened: Purchase = { ...paid, state: 'opened' }
  journal.recordPurchase(offered, 'offer')
  journal.recordPurchase(paying, 'pay')
  journal.recordPurchase(paid, 'paid')
  journal.recordPurchase(opened, 'good', bytesOf(`key of ${opened.span}`))
  return opened
}

/** A sale as offered. */
export function saleOf(name: string, own: Partial<Sale> = {}): Sale {
  const preimage = bytesOf(name)
  return {
    state: 'offered',
    infoSha256: INFO,
    hash: sha256(preimage),
    span: 8,
    kind: 4,
    j: NO_COUPON,
    preimage,
    amountMsat: 5_000n,
    exp: 1_800_000_180,
    expiresAtMs: 1_800_000_060_000,
    walletNode: NODE,
    buyer: '127.0.0.1',
    ...own,
  }
}

/** A sale taken through the journal to `settled`. */
export function sell({ journal }: Store, sale: Sale, coupon?: SaleCoupon): void {
  journal.recordSale(sale, 'offer', coupon)
  journal.recordSale({ ...sale, state: 'held', expiryHeight: 130 }, 'held')
  journal.recordSale({ ...sale, state: 'settling', expiryHeight: 130 }, 'accept')
  journal.recordSale({ ...sale, state: 'settled', expiryHeight: 130 }, 'settled')
}

/** Everything a store tells. */
export function dump({ journal, keyring, coupons, torrents, settings }: Store): unknown {
  return [
    journal.events(),
    journal.purchasesOf(INFO),
    journal.salesOf(INFO),
    journal.spent(INFO),
    keyring.spans(INFO),
    coupons.counts({ ...COUPON, span: 8 }),
    coupons.freshFrom(bytesOf('master')),
    torrents.sealed(),
    torrents.viewed(),
    settings.torrentPort,
  ]
}

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
const integer = fc.maxSafeNat()
const msat = fc.bigInt({ min: 0n, max: 2n ** 62n })

/** Any purchase that can be offered. */
export const purchases: fc.Arbitrary<Purchase> = fc
  .record(
    {
      infoSha256: bytes(32),
      span: integer,
      kind: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const),
      j: fc.nat(NO_COUPON),
      hash: bytes(32),
      wrap: bytes(32),
      record: fc.record(
        {
          kc: bytes(32),
          pt: bytes(32),
          cv: bytes(32),
          rpath: fc.uint8Array({ maxLength: 640 }),
        },
        { noNullPrototype: true },
      ),
      cpath: fc.uint8Array({ maxLength: 512 }),
      invoice: fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
      payee: bytes(33),
      amountMsat: msat,
      feeLimitMsat: msat,
      nonce: bytes(32),
      endorsement: fc.record(
        {
          exp: integer,
          sig: bytes(64),
          delegate: fc.record(
            { x: integer, certExp: integer, dk: bytes(32), cert: bytes(64) },
            { noNullPrototype: true },
          ),
        },
        { requiredKeys: ['exp', 'sig'], noNullPrototype: true },
      ),
      expiresAtMs: integer,
    },
    {
      noNullPrototype: true,
      requiredKeys: [
        'infoSha256',
        'span',
        'kind',
        'j',
        'hash',
        'wrap',
        'record',
        'cpath',
        'invoice',
        'payee',
        'amountMsat',
        'feeLimitMsat',
        'nonce',
        'expiresAtMs',
      ],
    },
  )
  .map((bargain): Purchase => ({ ...bargain, state: 'offered' }))
