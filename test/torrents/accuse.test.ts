import { randomFillSync } from 'node:crypto'
import test from 'tape'
import type { Bargain } from '../../src/core/purchase.ts'
import { accuseKey, accusePlaintext, accuseSale } from '../../torrents/accuse.ts'
import { checkEvidence, type Evidence, type EvidenceSources } from '../../torrents/evidence.ts'
import { buildInfo, type InfoParts, type SealedTorrent } from '../../torrents/info.ts'
import { keyCommitment, keyOf } from '../../torrents/keys.ts'
import { checkOfferProof } from '../../torrents/offer.ts'
import { checkKey, openPiece } from '../../torrents/open.ts'
import { type RecordTable, recordTable } from '../../torrents/records.ts'
import { folder } from './folder.ts'
import { bid } from './offers.ts'
import { type Shelf, shelf } from './sealed.ts'
import { codeOf } from './thrown.ts'

const sources: EvidenceSources = {
  readInvoice: () => {
    throw new Error('no invoice')
  },
}

/** A publisher that lies: the honest torrent with some bytes of its rows, or its free keys, changed. */
function liar(from: Shelf, change: (rows: Uint8Array) => void, free: InfoParts['free'] = []) {
  const rows = new Uint8Array(from.table.rows)
  change(rows)
  const table = recordTable(rows, from.torrent.pieces)
  return { table, torrent: buildInfo({ ...from.torrent, root: table.root, free }) }
}

function convicts(torrent: SealedTorrent, evidence: Evidence, given = sources): unknown {
  return checkEvidence(torrent, evidence, given)?.convicts
}

/** What checkKey says of a key: the span whose commitment it misses. */
function wrongSpan(torrent: SealedTorrent, table: RecordTable, span: number, key: Uint8Array) {
  try {
    checkKey(torrent, table, { span, key })
    return 0
  } catch (err) {
    return (err as { detail: { span: number } }).detail.span
  }
}

test('accuse: a leaf key that misses its record convicts the publisher, the honest torrent nobody', async (t) => {
  const honest = await shelf(folder(t, {}), 5)
  const { table, torrent } = liar(honest, (rows) => randomFillSync(rows, 96 * 9, 32))
  const from = { span: 2, key: keyOf(honest.root, 2) }
  const wrong = wrongSpan(torrent, table, 2, from.key)
  t.equal(wrong, 9)
  t.equal(convicts(torrent, accuseKey(table, from, wrong)), 'publisher')
  t.equal(wrongSpan(honest.torrent, honest.table, 2, from.key), 0)
  const framing = accuseKey(honest.table, from, 9)
  t.equal(
    codeOf(() => checkEvidence(honest.torrent, framing, sources)),
    'BAD_PROOF',
  )
})

test('accuse: a plaintext that misses its record convicts the publisher, by the piece alone', async (t) => {
  const honest = await shelf(folder(t, {}), 5)
  const { table, torrent } = liar(honest, (rows) => randomFillSync(rows, 96 * 12 + 32, 32))
  const leaf = { span: 12, key: keyOf(honest.root, 12) }
  const piece = honest.piece(4)
  const pt = table.get(12)?.pt ?? new Uint8Array()
  t.equal(
    codeOf(() => openPiece(pt, leaf, piece)),
    'BAD_KEY',
  )
  const evidence = accusePlaintext(table, leaf)
  t.equal(convicts(torrent, evidence, { ...sources, piece }), 'publisher')
  t.equal(convicts(torrent, evidence), undefined, 'without the piece nobody can tell')
  const framing = accusePlaintext(honest.table, leaf)
  const judged = { ...sources, piece }
  t.equal(
    codeOf(() => checkEvidence(honest.torrent, framing, judged)),
    'BAD_PROOF',
  )
})

test('accuse: a wrong free key convicts the publisher', async (t) => {
  const honest = await shelf(folder(t, {}), 5)
  const key = new Uint8Array(32)
  const { table, torrent } = liar(honest, () => undefined, [{ span: 3, key }])
  const wrong = wrongSpan(torrent, table, 3, key)
  t.equal(convicts(torrent, accuseKey(table, { span: 3, key }, wrong)), 'publisher')
})

test('accuse: a sale that was honest convicts nobody, whatever the kind', async (t) => {
  const from = await shelf(folder(t, {}), 5)
  for (const kind of [1, 3, 4] as const) {
    const { offer, context, preimage } = bid(from, 8, { kind, j: 1 })
    const proven = checkOfferProof(from.torrent, offer, context)
    const bargain: Bargain = {
      ...offer,
      ...proven,
      infoSha256: from.torrent.infoSha256,
      hash: context.hash,
      nonce: context.nonce,
      invoice: 'lnbcrt1',
      payee: new Uint8Array(33),
      amountMsat: 1n,
      feeLimitMsat: 0n,
      expiresAtMs: 0,
    }
    const evidence = accuseSale(bargain, preimage)
    t.ok(evidence, `kind ${kind}`)
    if (evidence === undefined) continue
    t.equal(
      codeOf(() => checkEvidence(from.torrent, evidence, sources)),
      'BAD_PROOF',
    )
    // The same sale of a torrent whose record names another key: a lie, and by whom is known.
    const cheat = liar(from, (rows) => rows.set(keyCommitment(preimage), 96 * 8))
    const record = cheat.table.get(8)
    if (record === undefined) throw new Error('no record')
    const lie = accuseSale({ ...bargain, record }, preimage)
    if (kind === 1) t.equal(lie && convicts(cheat.torrent, lie), 'publisher')
    else t.equal(lie && codeOf(() => checkEvidence(cheat.torrent, lie, sources)), 'BAD_PROOF')
  }
})

test('accuse: a sale without an endorsement to show, or by proof, has no form', async (t) => {
  const from = await shelf(folder(t, {}), 5)
  const { offer, context, preimage } = bid(from, 8, { kind: 4 })
  const { endorsement: _, ...bare } = { ...offer, ...checkOfferProof(from.torrent, offer, context) }
  const about = {
    ...bare,
    infoSha256: from.torrent.infoSha256,
    hash: context.hash,
    nonce: context.nonce,
    invoice: 'lnbcrt1',
    payee: new Uint8Array(33),
    amountMsat: 1n,
    feeLimitMsat: 0n,
    expiresAtMs: 0,
  }
  for (const kind of [2, 4] as const) t.equal(accuseSale({ ...about, kind }, preimage), undefined)
})
