import test from 'tape'
import { REJECT } from '../../extensions/lnt-trade/message.ts'
import { hasCode, LntError } from '../../src/core/errors.ts'
import { WALLET_WAIT_MS } from '../../src/core/limits.ts'
import { runSale } from '../../src/market/sell.ts'
import { parseInvoice } from '../../src/wallet/invoice.ts'
import { type DeskRig, deskRig } from './desk-rig.ts'

const AWAY = new LntError({ code: 'WALLET_UNAVAILABLE', why: 'test' })

/** What a new life does with the sales that an earlier one left (resume.ts). */
async function resumeSales({ store, process }: DeskRig): Promise<string[]> {
  const { wallet, clock } = process
  const stop = new AbortController().signal
  const ports = { wallet, journal: store.journal, clock, cancel: AbortSignal.abort(), stop }
  const sales = store.journal.unfinishedSales().map((sale) => runSale(sale, ports))
  return (await Promise.all(sales)).map(({ state }) => state)
}

test('desk: the row is on disk before the wallet is asked for an invoice (money law 7)', async (t) => {
  const rig = await deskRig()
  let found: unknown
  const { wallet } = rig.process
  const hold = wallet.hold.bind(wallet)
  wallet.hold = (request) => {
    found = rig.store.journal.saleOf(request.hash)?.state
    return hold(request)
  }
  await rig.offer(rig.connect())
  t.equal(found, 'offered')
  await rig.close()
})

for (const isMade of [false, true]) {
  const when = isMade ? 'after the invoice is made' : 'before the invoice is made'
  test(`desk: killed after the row and ${when}: the sale is cancelled, its coupon rests`, async (t) => {
    const rig = await deskRig()
    const { wallet } = rig.process
    const hold = wallet.hold.bind(wallet)
    // From here on the old life does nothing any more.
    const asked = new Promise<void>((resolve) => {
      wallet.hold = async (request) => {
        if (isMade) await hold(request)
        resolve()
        return new Promise<never>(() => {})
      }
    })
    const peer = rig.connect()
    rig.ask(peer)
    await asked
    const [sale] = rig.store.journal.unfinishedSales()
    if (!sale) return t.fail('no row')
    t.equal((await wallet.lookupHold(sale.hash)).status, isMade ? 'open' : 'none')
    t.deepEqual(await resumeSales(rig), ['cancelled'])
    t.equal(rig.store.coupons.stateOf(sale.hash), 'pool')
    t.equal((await wallet.lookupHold(sale.hash)).status, isMade ? 'cancelled' : 'none')
    t.deepEqual(rig.store.journal.unfinishedSales(), [])
    t.deepEqual(peer.sent.length, 1, 'terms, no offer')
    await rig.close(AbortSignal.abort())
  })
}

test('desk: a wallet that is away pauses selling, costs one coupon at most, and is tried again', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  await rig.buy(peer, { kinds: [4] })
  rig.faults.hold = AWAY
  rig.faults.height = AWAY
  for (let i = 0; i < 3; i++) {
    const answer = await rig.answer(peer)
    t.equal(answer.type === 'reject' && answer.code, REJECT.busy)
    t.equal(answer.type === 'reject' && answer.waitMs, WALLET_WAIT_MS)
    if (i > 0) rig.clock.pass(WALLET_WAIT_MS)
  }
  await rig.reached('cancelled')
  t.equal(rig.store.coupons.counts({ ...rig.sealed.torrent, span: 8 }).pool, 1)
  rig.faults.hold = undefined
  rig.faults.height = undefined
  t.equal((await rig.offer(peer)).coupon?.j, 1)
  t.deepEqual(rig.errors, [], 'nothing of ours failed')
  await rig.close()
})

test('desk: a disk that refuses the row gives no offer, and is told', async (t) => {
  const rig = await deskRig()
  const full = new LntError({ code: 'FILE_SYSTEM', path: 'journal.db', why: 'full' })
  rig.store.journal.recordSale = () => {
    throw full
  }
  const peer = rig.connect()
  const answer = await rig.answer(peer)
  t.equal(answer.type === 'reject' && answer.code, REJECT.busy)
  t.deepEqual(rig.errors, [full])
  await rig.close()
})

test('desk: a peer that leaves has its open offers cancelled, what is held is settled', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  await rig.buy(peer)
  const open = await rig.offer(peer)
  const held = await rig.offer(peer)
  rig.faults.settle = AWAY
  const payment = rig.pay(held)
  await rig.reached('settling', 2)
  rig.desk.closed(peer)
  await rig.reached('cancelled')
  const { hash } = parseInvoice(open.invoice)
  t.equal((await rig.process.wallet.lookupHold(hash)).status, 'cancelled')
  rig.faults.settle = undefined
  await rig.clock.run(60_000)
  t.equal((await payment).status, 'paid')
  await rig.close()
})

test('desk: an offer ends with its ttl, a payment that is late fails', async (t) => {
  const rig = await deskRig()
  const offer = await rig.offer(rig.connect())
  rig.clock.pass(59_999)
  t.equal((await rig.process.wallet.lookupHold(parseInvoice(offer.invoice).hash)).status, 'open')
  rig.clock.pass(1)
  await rig.reached('cancelled')
  t.equal((await rig.pay(offer)).status, 'failed')
  await rig.close()
})

test('desk: an offer that takes longer than its ttl to make is not sent', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  let release = (): void => {}
  rig.faults.hold = new Promise((resolve) => {
    release = resolve
  })
  rig.ask(peer)
  await rig.reached('offered')
  rig.clock.pass(60_000)
  release()
  await rig.reached('cancelled')
  t.equal(peer.sent.filter(({ type }) => type === 'offer').length, 0)
  await rig.close()
})

test('desk: closing cancels what is open and names what is still unknown', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  await rig.buy(peer)
  const open = await rig.offer(peer)
  const held = await rig.offer(peer)
  rig.faults.settle = AWAY
  const payment = rig.pay(held)
  await rig.reached('settling', 2)
  const late = new AbortController()
  const closing = rig.desk.close(late.signal)
  await rig.reached('cancelled')
  late.abort()
  const unknown = await closing
  t.deepEqual(
    unknown.map(({ hash, state }) => [hash, state]),
    [[parseInvoice(held.invoice).hash, 'settling']],
  )
  const { hash } = parseInvoice(open.invoice)
  t.equal((await rig.process.wallet.lookupHold(hash)).status, 'cancelled')
  const answer = await rig.answer(peer)
  t.equal(answer.type === 'reject' && answer.code, REJECT.paused)
  t.equal(rig.clock.timers, 0, 'no timer is left')
  rig.faults.settle = undefined
  t.deepEqual(await resumeSales(rig), ['settled'], 'the next life settles it')
  t.equal((await payment).status, 'paid')
  await rig.close()
})

test('desk: paused it makes no new offers, and those that are out go on', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  const offer = await rig.offer(peer)
  rig.desk.pause()
  t.equal((await rig.answer(rig.connect())).type, 'reject')
  t.equal((await rig.pay(offer)).status, 'paid')
  rig.desk.resume()
  t.equal((await rig.answer(rig.connect())).type, 'offer')
  await rig.close()
})

test('desk: an ask is priced by the terms in force, an earlier rev is rejected with 12', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  const before = rig.desk.terms()
  rig.desk.setPrice({ priceMsat: 7_000n, stepPpm: 0 })
  const old = await rig.answer(peer, { rev: before.rev })
  t.equal(old.type === 'reject' && old.code, REJECT.oldRev)
  t.equal(parseInvoice((await rig.offer(peer)).invoice).amountMsat, 7_000n)
  t.deepEqual(
    peer.sent.flatMap((message) => (message.type === 'terms' ? message.priceMsat : [])),
    [5_000n, 7_000n],
  )
  await rig.close()
})

test('desk: a price that changes before the answer rejects with 12, and takes the invoice back', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  let release = (): void => {}
  rig.faults.hold = new Promise((resolve) => {
    release = resolve
  })
  const { id } = rig.ask(peer)
  await rig.reached('offered')
  rig.desk.setPrice({ priceMsat: 1n, stepPpm: 0 })
  release()
  const answer = await peer.answer(id)
  t.equal(answer.type === 'reject' && answer.code, REJECT.oldRev)
  await rig.reached('cancelled')
  t.equal(peer.dropped, undefined)
  rig.faults.hold = undefined
  rig.ask(rig.connect())
  rig.desk.setPrice({ priceMsat: 2n, stepPpm: 0 })
  await rig.clock.run(0)
  const begun = rig.sales.filter(({ state }) => state === 'offered').length
  t.equal(begun, 1, 'changed before the row: the second ask has none')
  await rig.close()
})

test('desk: a peer whose key is a low-order point is dropped before an invoice is made', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  Object.assign(peer, { theirKey: new Uint8Array(32) })
  const { wallet } = rig.process
  wallet.hold = () => {
    throw new Error('asked for an invoice')
  }
  rig.ask(peer)
  await rig.reached('cancelled')
  t.ok(hasCode(peer.dropped, 'BAD_PEER'))
  t.deepEqual(rig.errors, [])
  await rig.close()
})

test('desk: new keys are told to peers under the same rev; who sells nothing sends no terms', async (t) => {
  let spans = [2]
  const rig = await deskRig({ seller: (publisher) => ({ ...publisher, spans: () => spans }) })
  const peer = rig.connect()
  spans = [1]
  rig.desk.stockChanged()
  t.deepEqual(
    peer.sent.flatMap((message) => (message.type === 'terms' ? [message.spans, message.rev] : [])),
    [[2], 1, [1], 1],
  )
  const holder = await deskRig({ seller: ({ keyOf, spans: all }) => ({ keyOf, spans: all }) })
  t.deepEqual(holder.connect().sent, [])
  await holder.close()
  await rig.close()
})

test('desk: a listener that throws does not stop a sale', async (t) => {
  const rig = await deskRig()
  const onSale = rig.ports.onSale
  Object.assign(rig.ports, {
    onSale: (sale: never, peer: never) => {
      onSale?.(sale, peer)
      throw new Error('a broken screen')
    },
  })
  await rig.buy(rig.connect())
  t.equal(rig.errors.length, 4, 'told once a state')
  await rig.close()
})

test('desk: a peer that was never opened is dropped, not served', async (t) => {
  const rig = await deskRig()
  const peer = rig.connect()
  rig.desk.closed(peer)
  rig.ask(peer)
  t.ok(hasCode(peer.dropped, 'BAD_PEER'))
  await rig.close()
})
