import test from 'tape'
import { equal } from '../../src/core/bytes.ts'
import { leafOf } from '../../src/core/geometry.ts'
import { signCertificate } from '../../torrents/endorse.ts'
import { publisherKey } from '../../torrents/keys.ts'
import { byCoupon, byDerived, byPlaintext, byWord, FALSE_KEY } from './liars.ts'
import { shopRig } from './shop-rig.ts'

for (const { name, lie, kind } of [
  { name: 'its coupons', lie: byCoupon(8), kind: 1 },
  { name: 'its word', lie: byWord(8), kind: 4 },
])
  test(`shop: a publisher that lies by ${name} is paid once, and never again`, async (t) => {
    const rig = await shopRig({ pieces: 5, ...lie })
    const { buyer } = rig.connect()
    await rig.until(() => rig.lies.length > 0, 'the lie')
    await rig.calm(5_000)
    const asks = buyer.sent.filter(({ type }) => type === 'ask').length
    rig.arrive(3)
    await rig.calm(60_000)
    t.deepEqual(
      rig.purchases.map(({ state, kind: sold, span }) => [state, sold, span]),
      [['cheated', kind, 8]],
    )
    t.equal(buyer.sent.filter(({ type }) => type === 'ask').length, asks, 'nothing is asked for')
    t.equal(rig.shop.standstill, 'cheated')
    t.deepEqual(
      rig.lies.map(({ span, isPublishers }) => [span, isPublishers]),
      [[8, true]],
    )
    t.equal(rig.lies[0]?.purchase?.preimage?.length, 32, 'with all that evidence is made of')
    t.notOk(rig.store.keyring.get(rig.torrent.infoSha256, 8), 'no key is kept')
    t.equal(rig.plain.size, 0)
    t.equal(rig.spentMsat, 5_000n)
    await rig.settled()
    t.ok(rig.books().isBalanced)
    await rig.close()
  })

test('shop: plaintext that misses its commitment in hand turns the purchase at once', async (t) => {
  const rig = await shopRig({ pieces: 5, ...byPlaintext(8) })
  rig.connect()
  await rig.until(() => rig.lies.length > 0)
  await rig.calm(1_000)
  t.deepEqual(
    rig.purchases.map(({ state }) => state),
    ['cheated'],
  )
  t.equal(rig.plain.size, 0)
  await rig.close()
})

test('shop: plaintext that comes later and misses its commitment turns an opened purchase', async (t) => {
  const rig = await shopRig({ pieces: 8, ...byPlaintext(11), missing: [3] })
  rig.connect()
  // Pieces 2 and 3 are bought together, piece 3 not being here yet.
  await rig.until(() => rig.shelf.isKeyed(3), 'the key of piece 3')
  await rig.calm()
  const before = rig.spentMsat
  rig.arrive(3)
  await rig.until(() => rig.lies.length > 0, 'the lie')
  await rig.calm(1_000)
  const [lie] = rig.lies
  t.equal(lie?.span, 11, 'the leaf')
  t.equal(lie?.purchase?.state, 'cheated')
  t.equal(rig.store.journal.purchaseOf(lie?.purchase?.hash ?? FALSE_KEY)?.state, 'cheated')
  t.equal(rig.spentMsat, before, 'the money is where it was')
  t.notOk(rig.plain.has(3))
  rig.shop.verified(3)
  await rig.calm()
  t.equal(rig.lies.length, 1, 'told once')
  t.deepEqual(rig.errors, [])
  await rig.close()
})

test('shop: a key whose pieces miss their commitments is a lie, whatever it opens itself', async (t) => {
  const rig = await shopRig({ pieces: 4, ...byDerived(3) })
  rig.connect()
  await rig.until(() => rig.lies.length > 0, 'the lie')
  t.equal(rig.lies[0]?.span, 3)
  t.equal(rig.plain.size, 2, 'what was bought before is good')
  t.ok(rig.isRight)
  await rig.close()
})

test('shop: a free key that opens something else convicts without a purchase', async (t) => {
  const rig = await shopRig({ pieces: 4, free: [4], ...byPlaintext(4), missing: [1, 2, 3] })
  rig.connect()
  await rig.until(() => rig.lies.length > 0, 'the lie')
  t.deepEqual(rig.lies, [{ span: 4, isPublishers: true }])
  for (const piece of [1, 2, 3]) rig.arrive(piece)
  await rig.calm(1_000)
  t.equal(rig.purchases.length, 0)
  await rig.close()
})

test('shop: a publisher that lied in an earlier run sells nothing in this one', async (t) => {
  const rig = await shopRig({ pieces: 5, ...byWord(8) })
  rig.connect()
  await rig.until(() => rig.lies.length > 0)
  await rig.settled()
  await rig.reopen(() => new Map())
  rig.connect()
  await rig.calm(1_000)
  t.equal(rig.shop.standstill, 'cheated')
  t.equal(rig.store.journal.purchasesOf(rig.torrent.infoSha256).length, 1)
  await rig.close()
})

test('shop: a delegate that lies is left, its publisher is not', async (t) => {
  const secretSeed = new Uint8Array(32).fill(7)
  const rig = await shopRig({
    pieces: 5,
    seller: (publisher, sealed) => {
      const draft = { x: 1, certExp: 1_900_000_000, dk: publisherKey(secretSeed) }
      const { endorser } = publisher
      const { infoSha256 } = sealed.torrent
      return {
        ...publisher,
        keyOf: () => FALSE_KEY,
        coupons: { ...publisher.coupons, freshFrom: undefined },
        endorser: {
          secretSeed,
          certificate: signCertificate(endorser.secretSeed, infoSha256, draft),
        },
      }
    },
  })
  rig.connect()
  await rig.until(() => rig.lies.length > 0, 'the lie')
  const [lie] = rig.lies
  t.equal(lie?.isPublishers, false)
  t.ok(equal(lie?.purchase?.endorsement?.delegate?.dk ?? FALSE_KEY, publisherKey(secretSeed)))
  // Another connection of the same delegate: its offers are not taken.
  rig.connect()
  await rig.calm(5_000)
  t.equal(rig.lies.length, 1)
  t.equal(rig.spentMsat, 5_000n)
  t.equal(rig.shop.standstill, 'later', 'somebody else may still sell')
  t.equal(leafOf(5, 0), 8)
  await rig.close()
})
