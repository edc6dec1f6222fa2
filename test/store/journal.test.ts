import { DatabaseSync } from 'node:sqlite'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import test, { type Test } from 'tape'
import { type ErrorCode, hasCode } from '../../src/core/errors.ts'
import type { Purchase } from '../../src/core/purchase.ts'
import { buy, bytesOf, INFO, NODE, purchaseOf, purchases, saleOf, sell, withStore } from './rows.ts'

function refuses(t: Test, code: ErrorCode, work: () => unknown, what: string): void {
  try {
    work()
    t.fail(what)
  } catch (err) {
    t.ok(hasCode(err, code), `${what}: ${code}, not ${String(err)}`)
  }
}

test('journal: what was recorded is read back, also by the next life', (t) => {
  withStore((home) => {
    const opened = buy(home.store, 'a')
    sell(home.store, saleOf('b'))
    home.close()
    const { journal, keyring } = home.store
    t.deepEqual(journal.purchaseOf(opened.hash), opened)
    t.deepEqual(journal.saleOf(saleOf('b').hash), {
      ...saleOf('b'),
      state: 'settled',
      expiryHeight: 130,
    })
    t.deepEqual(keyring.get(INFO, 17), { span: 8, key: bytesOf('key of 8') })
    t.deepEqual(
      journal.events().map(({ machine, event, state }) => `${machine} ${event} ${state}`),
      [
        'purchase offer offered',
        'purchase pay paying',
        'purchase paid paid',
        'purchase good opened',
        'sale offer offered',
        'sale held held',
        'sale accept settling',
        'sale settled settled',
      ],
    )
  })
  t.end()
})

test('journal: any purchase survives the disk', (t) => {
  withStore(({ store: { journal } }) => {
    let count = 0
    fc.assert(
      fc.property(purchases, (any) => {
        count += 1
        const purchase = {
          ...any,
          nonce: bytesOf(`nonce ${count}`),
          hash: bytesOf(`hash ${count}`),
        }
        journal.recordPurchase(purchase, 'offer')
        return isDeepStrictEqual(journal.purchaseOf(purchase.hash), purchase)
      }),
      { numRuns: 200 },
    )
  })
  t.pass('round trip')
  t.end()
})

test('journal: a step that the table does not have never reaches the disk', (t) => {
  withStore(({ store: { journal } }) => {
    const offered = purchaseOf('a')
    const paid: Purchase = {
      ...offered,
      state: 'paid',
      walletNode: NODE,
      expiryLimitHeight: 250,
      preimage: bytesOf('a'),
      feeMsat: 0n,
    }
    journal.recordPurchase(offered, 'offer')
    refuses(t, 'BAD_TRANSITION', () => journal.recordPurchase(paid, 'paid'), 'offered to paid')
    refuses(t, 'BAD_TRANSITION', () => journal.recordPurchase(offered, 'offer'), 'a second offer')
    const paying: Purchase = { ...offered, state: 'paying' }
    refuses(t, 'BAD_JOURNAL', () => journal.recordPurchase(paying, 'pay'), 'paying without limits')
    journal.recordPurchase({ ...paying, walletNode: NODE, expiryLimitHeight: 250 }, 'pay')
    const wrong = { ...paid, preimage: bytesOf('b') }
    refuses(t, 'BAD_JOURNAL', () => journal.recordPurchase(wrong, 'paid'), 'a wrong preimage')
    const opened: Purchase = { ...paid, state: 'opened' }
    refuses(t, 'BAD_JOURNAL', () => journal.recordPurchase(opened, 'good'), 'opened without a key')
    refuses(t, 'BAD_TRANSITION', () => journal.recordPurchase(opened, 'good', bytesOf('k')), 'skip')
    t.equal(journal.purchaseOf(offered.hash)?.state, 'paying')
    t.equal(journal.events().length, 2)
  })
  t.end()
})

test('journal: a key is in the ring exactly when its purchase is opened', (t) => {
  withStore(({ store }) => {
    const { journal, keyring } = store
    const opened = buy(store, 'a')
    t.ok(keyring.get(INFO, opened.span))
    try {
      journal.transaction(() => {
        buy(store, 'b', { span: 9 })
        throw new Error('the transaction fails')
      })
    } catch (err) {
      t.match(String(err), /the transaction fails/)
    }
    t.equal(keyring.get(INFO, 9), undefined)
    t.equal(journal.purchaseOf(purchaseOf('b').hash), undefined)
    t.equal(journal.events().length, 4)
  })
  t.end()
})

test('journal: one hash has one open sale, and none after it was settled', (t) => {
  withStore(({ store }) => {
    const { journal } = store
    const sale = saleOf('a')
    journal.recordSale(sale, 'offer')
    refuses(t, 'HASH_IN_USE', () => journal.recordSale(sale, 'offer'), 'offered twice')
    journal.recordSale({ ...sale, state: 'cancelling' }, 'expired')
    refuses(t, 'HASH_IN_USE', () => journal.recordSale(sale, 'offer'), 'while cancelling')
    journal.recordSale({ ...sale, state: 'cancelled' }, 'cancelled')
    sell(store, sale)
    refuses(t, 'HASH_IN_USE', () => journal.recordSale(sale, 'offer'), 'after settling')
    t.deepEqual(
      journal.salesOf(INFO).map(({ state }) => state),
      ['cancelled', 'settled'],
    )
  })
  t.end()
})

test('journal: what is unfinished is found again', (t) => {
  withStore((home) => {
    const { journal } = home.store
    journal.recordPurchase(purchaseOf('a'), 'offer')
    buy(home.store, 'b')
    journal.recordPurchase(purchaseOf('c'), 'offer')
    journal.recordPurchase({ ...purchaseOf('c'), state: 'refused' }, 'expired')
    journal.recordSale(saleOf('d'), 'offer')
    sell(home.store, saleOf('e'))
    home.close()
    const next = home.store.journal
    t.deepEqual(next.unfinishedPurchases(), [purchaseOf('a')])
    t.deepEqual(next.unfinishedSales(), [saleOf('d')])
  })
  t.end()
})

test('journal: a budget is counted from what is on disk', (t) => {
  withStore(({ store }) => {
    const { journal } = store
    buy(store, 'a')
    buy(store, 'b', { span: 9, amountMsat: 1_000n, infoSha256: bytesOf('other torrent') })
    const paying: Purchase = {
      ...purchaseOf('c', { span: 10 }),
      state: 'paying',
      walletNode: NODE,
      expiryLimitHeight: 250,
    }
    journal.recordPurchase(purchaseOf('c', { span: 10 }), 'offer')
    t.deepEqual(journal.spent(INFO), { spentMsat: 5_007n, reservedMsat: 0n, deadMsat: 0n })
    journal.recordPurchase(paying, 'pay')
    t.deepEqual(journal.spent(INFO), { spentMsat: 5_007n, reservedMsat: 6_050n, deadMsat: 0n })
    journal.recordPurchase({ ...paying, state: 'dead' }, 'dead')
    t.deepEqual(journal.spent(INFO), { spentMsat: 5_007n, reservedMsat: 0n, deadMsat: 6_050n })
    t.deepEqual(
      journal.paidSpans(INFO).map(({ span }) => span),
      [8, 10],
    )
  })
  t.end()
})

test('journal: the newest settled act of a wallet is the one it is asked for', (t) => {
  withStore(({ store }) => {
    const { journal } = store
    t.equal(journal.latestSettledAct(NODE), undefined)
    const bought = buy(store, 'a')
    t.deepEqual(journal.latestSettledAct(NODE)?.hash, bought.hash)
    sell(store, saleOf('b'))
    t.deepEqual(journal.latestSettledAct(NODE)?.hash, saleOf('b').hash)
    journal.recordSale(saleOf('c'), 'offer')
    t.deepEqual(journal.latestSettledAct(NODE)?.hash, saleOf('b').hash, 'an open one is none')
    t.equal(journal.latestSettledAct(new Uint8Array(33)), undefined, 'of another wallet: none')
  })
  t.end()
})

test('journal: events can neither be changed nor taken away', (t) => {
  withStore((home) => {
    buy(home.store, 'a')
    home.close()
    const db = new DatabaseSync(home.path)
    t.throws(() => db.exec('DELETE FROM event'), /only added/)
    t.throws(() => db.exec('UPDATE event SET msat = 1'), /only added/)
    db.close()
  })
  t.end()
})
