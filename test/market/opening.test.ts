import test from 'tape'
import { keyOf } from '../../torrents/keys.ts'
import { publisherOf } from './desk-rig.ts'
import { FALSE_KEY } from './liars.ts'
import { shopRig } from './shop-rig.ts'

test('opening: a bought key that derives another key than the one held is a lie', async (t) => {
  const rig = await shopRig({ pieces: 4, missing: [1] })
  // As if an earlier purchase had left it: the row of piece 1 says otherwise, but it is not here yet.
  rig.shelf.addKey({ span: 5, key: FALSE_KEY })
  rig.arrive(1)
  rig.connect()
  await rig.until(() => rig.lies.length > 0 || rig.plain.size === 4)
  t.ok(rig.lies.length > 0)
  await rig.close()
})

test('opening: a disk that does not read costs no key that was paid for', async (t) => {
  let isBroken = true
  const rig = await shopRig({
    pieces: 2,
    ports: ({ goods }) => ({
      goods: {
        has: (piece) => goods.has(piece),
        read: async (piece) => {
          if (isBroken) throw new Error('disk')
          return goods.read(piece)
        },
      },
    }),
  })
  rig.connect()
  await rig.until(() => rig.purchases.length === 2)
  t.ok(rig.purchases.every(({ state }) => state === 'opened'))
  t.ok(rig.errors.length > 0, 'told when the piece is opened')
  t.equal(rig.plain.size, 0)
  isBroken = false
  rig.shop.verified(0)
  rig.shop.verified(1)
  await rig.whole()
  const key = publisherOf(rig.desk.sealed).keyOf(1)
  t.ok(key && rig.shelf.leafKey(0))
  t.deepEqual(rig.shelf.leafKey(0), key && keyOf({ span: 1, key }, 2))
  await rig.close()
})
