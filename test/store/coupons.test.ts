import test, { type Test } from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import type { Sale } from '../../src/core/sale.ts'
import { bytesOf, COUPON, type Home, saleOf, sell, withStore } from './rows.ts'

const PLACE = { salt: COUPON.salt, c: COUPON.c, span: 8 }
const ALL = { from: 0, to: 16 }
const PAYER = { isStranger: false, canReuse: true }
const STRANGER = { isStranger: true, canReuse: true }
/** A day after the endorsement of `saleOf` ended, ms. */
const RESTED_MS = (1_800_000_180 + 86_400) * 1000

const couponSale = (j: number, own: Partial<Sale> = {}): Sale =>
  saleOf(`coupon ${j}`, { kind: 1, j, ...own })

/** Offers a coupon and lets the offer end unpaid. */
function offerInVain({ store: { journal } }: Home, sale: Sale, isStranger = false): void {
  journal.recordSale(sale, 'offer', { ...COUPON, isStranger })
  journal.recordSale({ ...sale, state: 'cancelling' }, 'expired')
  journal.recordSale({ ...sale, state: 'cancelled' }, 'cancelled')
}

function isInUse(t: Test, home: Home, sale: Sale, what: string): void {
  try {
    home.store.journal.recordSale(sale, 'offer', COUPON)
    t.fail(what)
  } catch (err) {
    t.ok(hasCode(err, 'HASH_IN_USE'), what)
  }
}

test('coupons: fresh, out, pool after an unpaid offer, retired before the settle call', (t) => {
  withStore((home) => {
    const { coupons, journal } = home.store
    const sale = couponSale(0)
    t.equal(coupons.stateOf(sale.hash), undefined)
    journal.recordSale(sale, 'offer', COUPON)
    t.equal(coupons.stateOf(sale.hash), 'out')
    journal.recordSale({ ...sale, state: 'held', expiryHeight: 130 }, 'held')
    t.equal(coupons.stateOf(sale.hash), 'out')
    journal.recordSale({ ...sale, state: 'settling', expiryHeight: 130 }, 'accept')
    t.equal(coupons.stateOf(sale.hash), 'retired')
    journal.recordSale({ ...sale, state: 'lost', expiryHeight: 130 }, 'gone')
    t.equal(coupons.stateOf(sale.hash), 'retired', 'also when the money did not come')
    const unpaid = couponSale(1)
    offerInVain(home, unpaid)
    t.equal(coupons.stateOf(unpaid.hash), 'pool')
    const raced = couponSale(2)
    journal.recordSale(raced, 'offer', COUPON)
    journal.recordSale({ ...raced, state: 'cancelling' }, 'expired')
    journal.recordSale({ ...raced, state: 'settled' }, 'settled')
    t.equal(coupons.stateOf(raced.hash), 'retired', 'settled after all')
    t.deepEqual(coupons.counts(PLACE), { out: 0, pool: 1, retired: 2, strangers: 0 })
  })
  t.end()
})

test('coupons: one in the pool rests until 24 h after its endorsement ended, also across a restart', (t) => {
  withStore((home) => {
    const sale = couponSale(0)
    offerInVain(home, sale)
    home.nowMs = RESTED_MS
    home.close()
    isInUse(t, home, sale, 'still resting')
    t.equal(home.store.coupons.next(PLACE, ALL, STRANGER), 1, 'a fresh one meanwhile')
    home.nowMs = RESTED_MS + 1
    t.equal(home.store.coupons.next(PLACE, ALL, STRANGER), 0, 'strangers get it first')
    t.equal(home.store.coupons.next(PLACE, ALL, PAYER), 1, 'others a fresh one')
    t.equal(
      home.store.coupons.next(PLACE, ALL, { isStranger: true, canReuse: false }),
      1,
      'never when the wallet cannot use a hash again',
    )
    offerInVain(home, sale)
    t.equal(home.store.coupons.stateOf(sale.hash), 'pool')
    t.equal(home.store.journal.events().length, 6)
  })
  t.end()
})

test('coupons: the same content under another name shares them, by payment hash', (t) => {
  withStore((home) => {
    const sale = couponSale(0)
    home.store.journal.recordSale(sale, 'offer', COUPON)
    const other = { ...sale, infoSha256: bytesOf('the same film, another name') }
    isInUse(t, home, other, 'out under the other name')
    t.equal(home.store.coupons.next(PLACE, ALL, PAYER), 1)
  })
  t.end()
})

test('coupons: a retired one is never offered again', (t) => {
  withStore((home) => {
    const sale = couponSale(0)
    sell(home.store, sale, COUPON)
    home.nowMs = RESTED_MS * 2
    isInUse(t, home, sale, 'retired')
    t.equal(home.store.coupons.next(PLACE, { from: 0, to: 1 }, PAYER), undefined)
    t.equal(home.store.coupons.next(PLACE, { from: 0, to: 1 }, STRANGER), undefined)
  })
  t.end()
})

test('coupons: each range is used up in order, and what is out with strangers is counted', (t) => {
  withStore((home) => {
    const { coupons } = home.store
    for (let j = 4; j < 6; j++) {
      t.equal(coupons.next(PLACE, { from: 4, to: 6 }, PAYER), j)
      home.store.journal.recordSale(couponSale(j), 'offer', { ...COUPON, isStranger: j === 4 })
    }
    t.equal(coupons.next(PLACE, { from: 4, to: 6 }, PAYER), undefined)
    t.equal(coupons.next({ ...PLACE, span: 9 }, { from: 4, to: 6 }, PAYER), 4, 'another span')
    offerInVain(home, couponSale(7), true)
    t.deepEqual(coupons.counts(PLACE), { out: 2, pool: 1, retired: 0, strangers: 2 })
  })
  t.end()
})

test('coupons: a master without its book vouches for none until told from which number on', (t) => {
  withStore((home) => {
    const master = bytesOf('master')
    t.equal(home.store.coupons.freshFrom(master), undefined)
    home.store.coupons.openBook(master, 128)
    home.close()
    t.equal(home.store.coupons.freshFrom(master), 128)
  })
  t.end()
})
