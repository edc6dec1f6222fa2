/**
 * The embedded node's life: blocks mined while it was away, a hub that goes and comes, what it refuses.
 * @module
 */
import { join } from 'node:path'
import test from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import { Chain } from '../../src/regtest/chain.ts'
import { LdkNode } from '../../src/wallet/ldk/node.ts'
import { freshSale, limits, patience } from '../suites/wallet-rig.ts'
import { must, Town } from './ldk-town.ts'

test('wallet ldk: a held payment survives blocks that were mined while the seller was away', async (t) => {
  const town = await Town.build()
  const buyer = await town.wallet('buyer')
  let seller = await town.wallet('seller')
  await town.open(buyer)
  await town.open(seller, 1_000_000n, 0n)
  const [kept, late] = [freshSale(), freshSale()]
  const paying = []
  for (const { request, hash } of [kept, late]) {
    const invoice = await seller.hold(request)
    paying.push(buyer.pay(await limits(buyer, invoice), patience()))
    await seller.waitHold(hash, patience())
  }
  await seller.close()
  town.chain.mine(3)

  seller = await town.wallet('seller')
  t.equal(await seller.height(), town.chain.height, 'it is at the tip when it opens')
  t.equal((await seller.lookupHold(kept.hash)).status, 'held')
  t.equal(await seller.settle(kept.preimage), 'settled', 'also while the hub is not there yet')
  t.equal((await paying[0])?.status, 'paid')

  await town.ready(seller)
  const held = await seller.lookupHold(late.hash)
  const deadline = held.status === 'held' ? held.expiryHeight - 18 : 0
  await seller.close()
  town.chain.mine(deadline - town.chain.height)
  seller = await town.wallet('seller')
  t.equal((await seller.lookupHold(late.hash)).status, 'cancelled', 'failed back at its deadline')
  t.equal(await seller.settle(late.preimage), 'gone')
  t.equal((await paying[1])?.status, 'failed', 'the buyer has its money back')
  t.equal(town.hub.channels().length, 2, 'and no channel was lost over it')
  await buyer.close()
  await seller.close()
  await town.close()
})

test('wallet ldk: a payment waits for a hub that is coming back', async (t) => {
  const town = await Town.build()
  const [buyer, seller] = [await town.wallet('buyer'), await town.wallet('seller')]
  await town.open(buyer)
  await town.open(seller, 1_000_000n, 0n)
  const { request, hash, preimage } = freshSale()
  const invoice = await seller.hold(request)
  const request2 = await limits(buyer, invoice)
  await town.hub.close()
  await must('hub is missed', buyer.node, () => !buyer.node.isConnected(town.hub.nodeId))
  t.equal((await buyer.liquidity()).sendableMsat, 0n, 'nothing can be sent')
  t.equal(await buyer.isQuiet(hash), false, 'a channel whose peer is away may carry anything')
  const paying = buyer.pay(request2, patience())
  t.equal((await buyer.track(hash)).status, 'pending')
  await town.restartHub()
  await town.ready(seller)
  let end = await Promise.race([seller.waitHold(hash, patience()), paying])
  // The hub may have heard of the payment before the seller called it: an honest failure.
  if (end.status === 'failed') {
    void buyer.pay(request2, patience())
    end = await seller.waitHold(hash, patience())
  }
  t.equal(end.status, 'held')
  t.equal(await seller.settle(preimage), 'settled')
  t.equal((await buyer.pay(request2, patience())).status, 'paid')
  await buyer.close()
  await seller.close()
  await town.close()
})

test('wallet ldk: refuses another chain, and channels that nobody asked for', async (t) => {
  const town = await Town.build()
  const stranger = await town.wallet('stranger', { accepts: () => false })
  await must('connected', town.hub, () => town.hub.isConnected(stranger.nodeId))
  const opening = town.hub.openChannel({
    peer: stranger.nodeId,
    capacitySat: 100_000n,
    pushMsat: 0n,
    fund: (script, amountSat) => town.faucet.fund(script, amountSat),
  })
  t.ok(hasCode(await opening.catch((err: unknown) => err), 'WALLET_UNAVAILABLE'), 'no channel')
  t.equal(stranger.node.channels().length, 0)
  await stranger.close()
  const closed = await stranger.track(new Uint8Array(32)).catch((err: unknown) => err)
  t.ok(hasCode(closed, 'WALLET_UNAVAILABLE'), 'a closed wallet answers nothing')

  const other = new Chain(join(town.directory, 'other'))
  const options = { directory: join(town.directory, 'stranger'), chain: other }
  const answer = await LdkNode.open(options).catch((err: unknown) => err)
  t.ok(hasCode(answer, 'WRONG_CHAIN'), 'its state belongs to another chain')
  other.close()
  await town.close()
})
