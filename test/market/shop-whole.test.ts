import test from 'tape'
import { covers } from '../../src/core/geometry.ts'
import { type ShopRig, type ShopRigOptions, shopRig } from './shop-rig.ts'

/** How many pieces each purchase was for, in order. */
function counts({ purchases, torrent }: ShopRig): number[] {
  return purchases.map(({ span }) => covers(torrent.pieces, span).count)
}

for (const pieces of [1, 2, 5, 16, 33])
  test(`shop: all of ${pieces} pieces is bought, each piece once, at the price of the sheet`, async (t) => {
    const rig = await shopRig({ pieces })
    rig.connect()
    await rig.whole()
    t.ok(rig.isRight, 'every piece is the plaintext')
    t.equal(
      counts(rig).reduce((sum, count) => sum + count, 0),
      pieces,
    )
    t.ok(rig.purchases.every(({ state }) => state === 'opened'))
    t.equal(rig.spentMsat, rig.dueMsat)
    const books = rig.books()
    t.ok(books.isBalanced, 'the books balance')
    t.equal(books.outMsat, rig.spentMsat)
    t.equal(rig.shop.standstill, 'nothing')
    t.deepEqual([rig.twice, rig.errors, rig.lies], [[], [], []])
    await rig.close()
    t.equal(rig.clock.timers, 0, 'no timer is left')
  })

test('shop: spans double, for no rows had to be waited for', async (t) => {
  const rig = await shopRig({ pieces: 16 })
  rig.connect()
  await rig.whole()
  t.deepEqual(counts(rig), [1, 1, 2, 4, 8])
  const asked = rig.links[0]?.buyer.sent.filter(({ type }) => type === 'getrecords')
  t.equal(asked?.length, 1, 'rows were asked for once')
  await rig.close()
})

test('shop: a trusted publisher sells the whole at once, when the rows are there', async (t) => {
  const rig = await shopRig({ pieces: 16, limits: { isTrusted: true }, missing: [0] })
  const early = rig.connect()
  await rig.until(() => early.buyer.sent.some(({ type }) => type === 'getrecords'))
  await rig.calm()
  rig.arrive(0)
  await rig.whole()
  t.ok(rig.purchases.length <= 5)
  t.ok(rig.isRight)
  await rig.close()
})

test('shop: free pieces are opened without a seller, and never paid for', async (t) => {
  const rig = await shopRig({ pieces: 8, free: [8, 9] })
  await rig.until(() => rig.plain.size === 2, 'the free pieces')
  t.equal(rig.shop.standstill, undefined)
  rig.connect()
  await rig.whole()
  t.ok(rig.isRight)
  t.equal(rig.spentMsat, rig.dueMsat)
  t.equal(rig.shelf.openedCount, 6)
  t.deepEqual(rig.twice, [], 'a free piece that went out before its row came does not go out again')
  await rig.close()
})

test('shop: a torrent that is all free costs nothing', async (t) => {
  const rig = await shopRig({ pieces: 4, free: [1] })
  rig.connect()
  await rig.until(() => rig.plain.size === 4)
  await rig.calm()
  t.equal(rig.spentMsat, 0n)
  t.equal(rig.shop.standstill, 'nothing')
  await rig.close()
})

test('shop: nothing is bought before its ciphertext is in hand', async (t) => {
  const rig = await shopRig({ pieces: 4, missing: [0, 1, 2, 3] })
  rig.connect()
  await rig.calm(500)
  t.equal(rig.shop.standstill, 'ciphertext')
  t.equal(rig.purchases.length, 0)
  for (const piece of [2, 0, 3, 1]) {
    rig.arrive(piece)
    await rig.calm()
  }
  await rig.whole()
  t.ok(rig.isRight)
  await rig.close()
})

test('shop: two sellers at once sell no piece twice', async (t) => {
  const rig = await shopRig({ pieces: 33 })
  rig.connect()
  rig.connect()
  rig.connect()
  await rig.whole()
  t.equal(
    counts(rig).reduce((sum, count) => sum + count, 0),
    33,
  )
  t.ok(rig.books().isBalanced)
  await rig.close()
})

for (const kinds of [[1], [4]]) {
  const own: ShopRigOptions =
    kinds[0] === 4
      ? {
          seller: (publisher) => ({
            ...publisher,
            coupons: { ...publisher.coupons, freshFrom: undefined },
          }),
        }
      : {}
  test(`shop: buys by kind ${kinds[0]}`, async (t) => {
    const rig = await shopRig({ pieces: 5, ...own })
    rig.connect()
    await rig.whole()
    t.ok(rig.purchases.every(({ kind }) => kind === kinds[0]))
    await rig.close()
  })
}
