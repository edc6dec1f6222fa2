import fc from 'fast-check'
import test from 'tape'
import { concat, equal } from '../../src/core/bytes.ts'
import { covers, exists, leafOf } from '../../src/core/geometry.ts'
import { unwrap } from '../../torrents/coupons.ts'
import { checkOfferProof } from '../../torrents/offer.ts'
import { checkKey, openPiece } from '../../torrents/open.ts'
import { RecordBook } from '../../torrents/records.ts'
import { folder } from './folder.ts'
import { type Bid, bid, NOW } from './offers.ts'
import { type Shelf, shelf } from './sealed.ts'
import { codeOf } from './thrown.ts'

/** Buys a span as a stranger would, from the info dict, rows asked for and the offer; gives its plaintext. */
function buy(from: Shelf, span: number, { offer, context, preimage }: Bid): Uint8Array {
  const { torrent, table, piece } = from
  const book = new RecordBook(torrent)
  for (const wanted of book.missing(span)) {
    const run = table.run(wanted.span, wanted.level)
    if (run === undefined) throw new Error(`no run ${wanted.span}`)
    book.add(wanted.span, wanted.level, run.rows, run.rpath)
  }
  if (book.missing(span).length > 0) throw new Error('still missing')
  const { wrap } = checkOfferProof(torrent, offer, context)
  const { first, leafKeys } = checkKey(torrent, book, { span, key: unwrap(wrap, preimage) })
  return concat(
    ...leafKeys.map((key, i) => {
      const leaf = leafOf(torrent.pieces, first + i)
      const pt = book.get(leaf)?.pt
      if (pt === undefined) throw new Error(`no record of ${leaf}`)
      return openPiece(pt, { span: leaf, key }, piece(first + i))
    }),
  )
}

test('offer: of 1 to 40 pieces every span is offered, verified and opened, by every kind', async (t) => {
  const path = folder(t, {})
  for (let pieces = 1; pieces <= 40; pieces++) {
    const from = await shelf(path, pieces, 1 + (pieces % 16), pieces % 3)
    for (let span = 1; span < 128; span++) {
      if (!exists(pieces, span)) continue
      const kind = ([1, 3, 4] as const)[(span + pieces) % 3] ?? 1
      const { first, count } = covers(pieces, span)
      const plain = buy(from, span, bid(from, span, { kind, j: 2 ** from.torrent.c - 1 }))
      if (!equal(plain, from.plain.subarray(16 * first, 16 * (first + count))))
        t.fail(`${pieces} pieces, span ${span}, kind ${kind}`)
    }
  }
  t.pass('all spans')
})

type Shown = Pick<Bid, 'offer' | 'context'>

/** Every place of an offer or its context where bytes or a number stand, changed. */
function corruptions({ offer, context }: Bid): Shown[] {
  const found: Shown[] = []
  const visit = (value: object, path: string, put: (changed: object) => unknown): void => {
    for (const [key, part] of Object.entries(value)) {
      const name = `${path}.${key}`
      const set = (changed: unknown): unknown => put({ ...value, [key]: changed })
      if (name === 'bid.context.nowSeconds' || name.startsWith('bid.context.ours')) continue
      if (part instanceof Uint8Array) {
        if (part.length > 0) {
          set(part.with(0, (part[0] ?? 0) ^ 1))
          set(part.with(-1, (part.at(-1) ?? 0) ^ 0x80))
          set(part.subarray(1))
        }
        set(concat(part, Uint8Array.of(0)))
      } else if (typeof part === 'number') {
        for (const other of [part + 1, part ^ 1, 0, 2 ** 32 - 2]) if (other !== part) set(other)
      } else visit(part as object, name, set)
    }
  }
  visit({ offer, context }, 'bid', (changed) => found.push(changed as Shown))
  return found
}

test('offer: every change of a single field is refused', async (t) => {
  const path = folder(t, {})
  const from = await shelf(path, 5, 3)
  const bids = [
    bid(from, 8, { kind: 1, j: 3 }),
    bid(from, 2, { kind: 1, j: 2, delegateOf: 3 }),
    bid(from, 2, { kind: 4 }),
    bid(from, 12, { kind: 4, delegateOf: 7 }),
  ]
  let tried = 0
  for (const honest of bids) {
    checkOfferProof(from.torrent, honest.offer, honest.context)
    for (const changed of corruptions(honest)) {
      // A kind without its parts is another shape: also refused.
      const code = codeOf(() => checkOfferProof(from.torrent, changed.offer, changed.context))
      if (code !== 'BAD_OFFER') t.fail(`${String(code)}: ${JSON.stringify(changed.offer)}`)
      tried++
    }
  }
  t.ok(tried > 250, `${tried} changes`)
})

test('offer: kind 3 is bound by record, box and description, and needs no endorsement', async (t) => {
  const from = await shelf(folder(t, {}), 5)
  const honest = bid(from, 9, { kind: 3 })
  checkOfferProof(from.torrent, honest.offer, honest.context)
  const nonce = new Uint8Array(32).fill(8)
  checkOfferProof(from.torrent, honest.offer, { ...honest.context, nonce })
  for (const changed of corruptions(honest)) {
    if (changed.context.nonce !== honest.context.nonce) continue
    const code = codeOf(() => checkOfferProof(from.torrent, changed.offer, changed.context))
    if (code !== 'BAD_OFFER') t.fail(JSON.stringify(changed.offer))
  }
  t.end()
})

test('offer: the parts of a kind are exactly its own', async (t) => {
  const from = await shelf(folder(t, {}), 5)
  const one = bid(from, 8, { kind: 1 })
  const three = bid(from, 8, { kind: 3 })
  const four = bid(from, 8, { kind: 4 })
  const { endorsement: _, ...unendorsed } = one.offer
  const refusals = {
    'kind 1 without endorsement': [unendorsed, one.context],
    'kind 3 with one': [{ ...three.offer, endorsement: four.offer.endorsement }, three.context],
    'kind 4 with a coupon': [{ ...four.offer, coupon: one.offer.coupon }, four.context],
    'kind 2': [{ ...four.offer, kind: 2 }, four.context],
    'a delegate outside its range': Object.values(bid(from, 8, { kind: 1, j: 0, delegateOf: 3 })),
  } as unknown as Record<string, [Bid['offer'], Bid['context']]>
  for (const [name, [offer, context]] of Object.entries(refusals))
    t.equal(
      codeOf(() => checkOfferProof(from.torrent, offer, context)),
      'BAD_OFFER',
      name,
    )
  const told = { ...one.context, allowUnendorsed: true }
  t.equal(checkOfferProof(from.torrent, unendorsed, told).j, 0, 'kind 1 without, when told to')
})

test('offer: an endorsement counts only between now and an hour from now', async (t) => {
  const from = await shelf(folder(t, {}), 5)
  const { offer, context } = bid(from, 8, { kind: 4, delegateOf: 5 })
  const at = (nowSeconds: number): unknown =>
    codeOf(() => checkOfferProof(from.torrent, offer, { ...context, nowSeconds }))
  t.equal(at(NOW + 179), undefined)
  t.equal(at(NOW + 180), 'BAD_OFFER', 'ended')
  t.equal(at(NOW + 180 - 3_600), undefined)
  t.equal(at(NOW + 179 - 3_600), 'BAD_OFFER', 'more than an hour away')
  const late = { ...offer.endorsement, exp: NOW + 1e6 + 100 }
  t.equal(
    codeOf(() =>
      checkOfferProof(from.torrent, { ...offer, endorsement: late } as Bid['offer'], context),
    ),
    'BAD_OFFER',
  )
})

test('offer: another torrent, or another buyer, cannot use it', async (t) => {
  const path = folder(t, {})
  const [from, other] = [await shelf(path, 5), await shelf(path, 6)]
  const { offer, context } = bid(from, 8, { kind: 1 })
  t.equal(
    codeOf(() => checkOfferProof(other.torrent, offer, context)),
    'BAD_OFFER',
  )
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (secretKey) => {
      const ours = { ...context.ours, secretKey }
      return (
        codeOf(() => checkOfferProof(from.torrent, offer, { ...context, ours })) === 'BAD_OFFER'
      )
    }),
    { numRuns: 20, seed: 7 },
  )
  t.end()
})
