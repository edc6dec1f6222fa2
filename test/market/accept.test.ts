import { randomBytes } from 'node:crypto'
import test from 'tape'
import type { Offer } from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { feeLimitMsat } from '../../src/core/budget.ts'
import { leafOf } from '../../src/core/geometry.ts'
import type { Purchase } from '../../src/core/purchase.ts'
import {
  acceptOffer,
  DIRECT_BLOCKS,
  expiryLimitHeight,
  FORWARDED_BLOCKS,
  type Question,
} from '../../src/market/accept.ts'
import { openStore } from '../../src/store/store.ts'
import { encodeInvoice, parseInvoice } from '../../src/wallet/invoice.ts'
import { LedgerWallet } from '../../src/wallet/ledger-wallet.ts'
import { RecordBook } from '../../torrents/records.ts'
import { type DeskRig, deskRig } from './desk-rig.ts'
import type { ScriptedPeer } from './scripted-peer.ts'

type AcceptPorts = Parameters<typeof acceptOffer>[2]

/** The connection as the buyer sees it. */
function buyersView(peer: ScriptedPeer): TradePeer {
  return {
    id: peer.id,
    address: peer.address,
    label: peer.label,
    theirKey: peer.ourPublicKey,
    ourSecretKey: peer.secretKey,
    ourPublicKey: peer.theirKey,
    send: () => {},
    drop: () => {},
  }
}

interface Scene {
  readonly rig: DeskRig
  readonly offer: Offer
  readonly question: Question
  readonly ports: AcceptPorts
  readonly accept: (offer?: Offer, question?: Partial<Question>) => Purchase
  readonly close: () => Promise<void>
}

async function scene(amountMsat = 5_000n): Promise<Scene> {
  const rig = await deskRig()
  if (amountMsat !== 5_000n) rig.desk.setPrice({ priceMsat: amountMsat, stepPpm: 0 })
  const { ledger } = rig.process
  const store = openStore(`${rig.process.folder}/buyer`, { nowMs: () => rig.clock.nowMs() })
  const node = ledger.addNode({ secretKey: new Uint8Array(randomBytes(32)) })
  const clockSeconds = (): number => Math.floor(rig.clock.nowMs() / 1000)
  const wallet = new LedgerWallet({ ledger, node, clockSeconds })
  const { torrent } = rig.sealed
  const ports: AcceptPorts = {
    torrent,
    book: new RecordBook(torrent),
    wallet,
    journal: store.journal,
    keyring: store.keyring,
    clock: rig.clock,
    limits: {
      budgetMsat: 1n,
      maxPriceMsat: 1n,
      feeLimitMsat: feeLimitMsat,
      isTrusted: false,
    },
  }
  const peer = rig.connect()
  const ask = rig.ask(peer, { mostMsat: amountMsat })
  const offer = await peer.answer(ask.id)
  if (offer.type !== 'offer') throw new Error(offer.text)
  const question: Question = { ask, terms: rig.desk.terms(), peer: buyersView(peer) }
  return {
    rig,
    offer,
    question,
    ports,
    accept: (other = offer, change = {}) => acceptOffer(other, { ...question, ...change }, ports),
    close: async () => {
      store.close()
      await rig.close()
    },
  }
}

test('accept: a good offer is a row that can be resumed from, and its record is kept', async (t) => {
  const { accept, offer, ports, question, rig, close } = await scene()
  const row = accept()
  const { hash } = parseInvoice(offer.invoice)
  t.equal(row.state, 'offered')
  t.deepEqual([row.hash, row.invoice, row.record], [hash, offer.invoice, offer.record])
  t.deepEqual(row.nonce, question.ask.nonce)
  t.equal(row.wrap.length, 32)
  t.equal(row.amountMsat, 5_000n)
  t.equal(row.feeLimitMsat, 1_050n)
  t.deepEqual(row.payee, rig.ports.wallet.nodeId)
  t.ok(ports.book.knows(leafOf(5, 0)), 'its record is proven: pieces can be checked')
  ports.journal.recordPurchase(row, 'offer')
  const kept = ports.journal.purchaseOf(hash)
  t.deepEqual({ ...kept, endorsement: undefined }, { ...row, endorsement: undefined })
  t.equal(kept?.endorsement?.exp, row.endorsement?.exp)
  await close()
})

test('accept: an offer lives no longer than itself and the terms say', async (t) => {
  const { accept, offer, question, rig, close } = await scene()
  const now = rig.clock.nowMs()
  t.equal(accept().expiresAtMs, now + 60_000)
  t.equal(accept({ ...offer, ttlSeconds: 5 }).expiresAtMs, now + 5_000)
  t.equal(accept({ ...offer, ttlSeconds: 3_600 }).expiresAtMs, now + 60_000)
  const terms = { ...question.terms, ttlSeconds: 2 }
  t.equal(accept(offer, { terms }).expiresAtMs, now + 2_000)
  await close()
})

test('accept: one payment carries 10,000 sat, not a msat more', async (t) => {
  for (const [amountMsat, isTaken] of [
    [10_000_000n, true],
    [10_000_001n, false],
  ] as const) {
    const { accept, close } = await scene(amountMsat)
    if (isTaken) t.equal(accept().amountMsat, amountMsat)
    else t.throws(() => accept(), /more than one part/)
    await close()
  }
})

test('accept: the amount is what was asked for, neither more nor less', async (t) => {
  const { accept, offer, question, close } = await scene()
  for (const mostMsat of [4_999n, 5_001n])
    t.throws(() => accept(offer, { ask: { ...question.ask, mostMsat } }), /BAD_OFFER.*price/)
  await close()
})

test('accept: a nonce of another ask, and kinds that were not asked for, are refused', async (t) => {
  const { accept, offer, question, close } = await scene()
  const { ask } = question
  t.throws(() => accept(offer, { ask: { ...ask, nonce: new Uint8Array(32) } }), /BAD_OFFER/)
  t.throws(() => accept(offer, { ask: { ...ask, kinds: [4] } }), /not what was asked/)
  t.throws(() => accept(offer, { ask: { ...ask, span: 9 } }), /not what was asked/)
  await close()
})

test('accept: an endorsement that has ended meanwhile is refused', async (t) => {
  const { accept, rig, close } = await scene()
  rig.clock.pass(180_000)
  t.throws(() => accept(), /BAD_OFFER/)
  await close()
})

test('accept: the CLTV limit is 150 blocks, and 220 where a forwarder may stand between', async (t) => {
  const { accept, offer, question, rig, close } = await scene()
  const { terms } = question
  const forwarder = { ...terms, spans: [3], forwards: [1] }
  t.equal(expiryLimitHeight(1_000, terms, 8), 1_000 + DIRECT_BLOCKS)
  t.equal(expiryLimitHeight(1_000, forwarder, 8), 1_000 + FORWARDED_BLOCKS)
  t.equal(expiryLimitHeight(1_000, forwarder, 12), 1_000 + DIRECT_BLOCKS)
  const { secretKey } = rig.process.sellerNode
  const invoice = parseInvoice(offer.invoice)
  const withDelta = (cltvDelta: number): Offer => ({
    ...offer,
    invoice: encodeInvoice({ ...invoice, cltvDelta, validSeconds: 3_600 }, secretKey),
  })
  t.equal(accept(withDelta(146)).state, 'offered')
  t.throws(() => accept(withDelta(147)), /CLTV/)
  t.equal(accept(withDelta(216), { terms: forwarder }).state, 'offered')
  t.throws(() => accept(withDelta(217), { terms: forwarder }), /CLTV/)
  await close()
})

test('law 2: neither a hash that was sent, whatever came of it, nor a key that is held', async (t) => {
  const { accept, ports, close } = await scene()
  const row = accept()
  ports.journal.recordPurchase(row, 'offer')
  t.equal(accept().state, 'offered', 'an offer that was only seen may come again')
  const sent = { walletNode: ports.wallet.nodeId, expiryLimitHeight: 500 }
  ports.journal.recordPurchase({ ...row, ...sent, state: 'paying' }, 'pay')
  t.throws(() => accept(), /ALREADY_PAID/)
  ports.journal.recordPurchase({ ...row, ...sent, state: 'failed' }, 'failed')
  t.throws(() => accept(), /ALREADY_PAID/, 'also one that failed')
  await close()

  const other = await scene()
  const { infoSha256 } = other.ports.torrent
  other.ports.keyring.put(infoSha256, { span: 4, key: new Uint8Array(32) }, 'bought')
  t.throws(() => other.accept(), /ALREADY_PAID/, 'the key of a span above')
  await other.close()
})
