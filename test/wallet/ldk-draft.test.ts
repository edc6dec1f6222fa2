/**
 * The CLTV limit that a payment gives LDK's router; how blocks are cut.
 * @module
 */
import fc from 'fast-check'
import test from 'tape'
import { equal } from '../../src/core/bytes.ts'
import { decodeBlock, GENESIS_HASH, mineBlock } from '../../src/regtest/block.ts'
import { BURN } from '../../src/regtest/chain.ts'
import { transactionsOf } from '../../src/wallet/ldk/block.ts'
import { FORWARD_CLTV_DELTA } from '../../src/wallet/ldk/config.ts'
import { routerLimit } from '../../src/wallet/ldk/draft.ts'

/** What LDK 0.1's find_route leaves for the deltas of the hops. */
function leftForHops(limit: number, finalDelta: number): number {
  const left = limit - finalDelta
  return left >= 80 ? left - 80 : left
}

test('wallet ldk: the router limit never passes the one asked for, and leaves room for the hub', (t) => {
  const numbers = fc.tuple(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 9, max: 300 }))
  fc.assert(
    fc.property(numbers, ([total, finalDelta]) => {
      const limit = routerLimit(total, finalDelta)
      const isBest = leftForHops(limit, finalDelta) >= leftForHops(total, finalDelta)
      const hubFits = total - finalDelta >= FORWARD_CLTV_DELTA
      return limit <= total && isBest && (!hubFits || leftForHops(limit, finalDelta) >= 42)
    }),
    { seed: 21 },
  )
  t.equal(routerLimit(149, 27), 106, 'a direct sale: 150 blocks, the final 27')
  t.equal(routerLimit(60, 27), 60, 'too little to be shadowed: as it is')
  t.end()
})

test('wallet ldk: a block is cut into the transactions that are in it', (t) => {
  const block = mineBlock({
    previousHash: GENESIS_HASH,
    height: 1,
    timeSeconds: 1_700_000_000,
    payTo: BURN,
    rewardSat: 5_000_000_000n,
    tag: new Uint8Array(16),
    transactions: [],
  })
  const cut = transactionsOf(block.raw)
  const whole = decodeBlock(block.raw).transactions
  t.equal(cut.length, whole.length)
  t.ok(cut.every((raw, i) => equal(raw, whole[i]?.raw ?? new Uint8Array())))
  t.throws(() => transactionsOf(block.raw.subarray(0, -1)), RangeError, 'cut short')
  t.end()
})
