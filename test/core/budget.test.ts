import fc from 'fast-check'
import test from 'tape'
import { feeLimitMsat, leftMsat, mayReserve } from '../../src/core/budget.ts'

const msat = fc.bigInt({ min: 0n, max: 10n ** 12n })
const budgets = fc.record({ budgetMsat: msat, spentMsat: msat, reservedMsat: msat })

test('law 10: what may be reserved never takes a budget over its cap, to the last msat', (t) => {
  fc.assert(
    fc.property(budgets, msat, msat, (budget, amountMsat, feeLimitMsat) => {
      const sum = budget.spentMsat + budget.reservedMsat + amountMsat + feeLimitMsat
      const isOver = budget.spentMsat + budget.reservedMsat > budget.budgetMsat
      const may = mayReserve(budget, { amountMsat, feeLimitMsat })
      // Over the cap already (a revived dead payment): nothing but nothing fits.
      return may === (isOver ? amountMsat + feeLimitMsat === 0n : sum <= budget.budgetMsat)
    }),
  )
  t.pass('property')
  t.end()
})

test('budget: what is left is never negative', (t) => {
  t.equal(leftMsat({ budgetMsat: 10n, spentMsat: 7n, reservedMsat: 2n }), 1n)
  t.equal(leftMsat({ budgetMsat: 10n, spentMsat: 11n, reservedMsat: 0n }), 0n)
  t.end()
})

test('law 6: the default fee limit is 1 % + 1 sat', (t) => {
  for (const [amountMsat, limit] of [
    [0n, 1_000n],
    [99n, 1_000n],
    [5_000n, 1_050n],
    [10_000_000n, 101_000n],
  ] as const)
    t.equal(feeLimitMsat(amountMsat), limit)
  t.end()
})
