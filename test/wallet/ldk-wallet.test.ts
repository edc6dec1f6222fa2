/**
 * The embedded node, end to end: two wallets, a hub between them, real channels on the play-money chain.
 * @module
 */
import test from 'tape'
import { equal } from '../../src/core/bytes.ts'
import { freshSale, limits, patience } from '../suites/wallet-rig.ts'
import { Town } from './ldk-town.ts'

test('wallet ldk: a hold invoice is paid through the hub, held, and settled', async (t) => {
  const town = await Town.build()
  const [buyer, seller] = [await town.wallet('buyer'), await town.wallet('seller')]
  await town.open(buyer)
  await town.open(seller, 1_000_000n, 0n)
  t.ok(
    (await buyer.liquidity()).sendableMsat > 200_000_000n,
    'the buyer was given something to spend',
  )
  t.ok((await seller.liquidity()).receivableMsat > 900_000_000n, 'the seller can receive')

  const { request, hash, preimage } = freshSale(5_000n)
  const invoice = await seller.hold(request)
  const paying = buyer.pay(await limits(buyer, invoice), patience())
  const held = await seller.waitHold(hash, patience())
  t.equal(held.status, 'held')
  t.equal(await seller.settle(preimage), 'settled')
  const end = await paying
  t.ok(end.status === 'paid' && equal(end.preimage, preimage), 'the buyer has the preimage')
  t.ok(end.status === 'paid' && end.feeMsat === 0n, 'the hub takes no fee')
  await buyer.close()
  await seller.close()
  await town.close()
})
