import { readFileSync } from 'node:fs'
import test from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import { isFinal, next, type Table } from '../../src/core/machine.ts'
import { machinesPage } from '../../src/core/machines.ts'
import { PURCHASE } from '../../src/core/purchase.ts'
import { RESALE } from '../../src/core/resale.ts'
import { SALE } from '../../src/core/sale.ts'

const MACHINES: readonly (readonly [string, string, Table<string, string>])[] = [
  ['purchase', 'wanted', PURCHASE],
  ['sale', 'offered', SALE],
  ['resale', 'asked', RESALE],
]

function reachable(table: Table<string, string>, from: string): Set<string> {
  const seen = new Set([from])
  for (const state of seen)
    for (const to of Object.values(table[state] ?? {})) if (to !== undefined) seen.add(to)
  return seen
}

for (const [name, first, table] of MACHINES) {
  test(`${name}: every state can be reached, and can end`, (t) => {
    const states = Object.keys(table)
    t.deepEqual([...reachable(table, first)].sort(), states.sort())
    for (const state of states)
      t.ok(
        [...reachable(table, state)].some((end) => isFinal(table, end)),
        state,
      )
    t.end()
  })
}

test('law 3: once paying, a purchase ends only by what the wallet tells', (t) => {
  t.deepEqual(Object.keys(PURCHASE.paying), ['paid', 'failed', 'dead'])
  t.deepEqual(Object.keys(PURCHASE.dead), ['paid'], 'a dead one only by a late success')
  t.notOk(reachable(PURCHASE, 'dead').has('paying'), 'and it is never paid again')
  t.notOk(reachable(PURCHASE, 'failed').has('paying'))
  t.end()
})

test('law 4: once upstream is paid, a resale can only settle, or lose', (t) => {
  t.notOk(reachable(RESALE, 'known').has('cancelled'))
  t.notOk(reachable(RESALE, 'known').has('cancelling'))
  t.end()
})

test('law 9: from a held HTLC each way out is settled, lost or cancelled', (t) => {
  const ends = [...reachable(SALE, 'held')].filter((state) => isFinal<string, string>(SALE, state))
  t.deepEqual(ends.sort(), ['cancelled', 'lost', 'settled'])
  t.end()
})

test('machine: an event without a row is BAD_TRANSITION', (t) => {
  try {
    next('purchase', PURCHASE, 'dead', 'pay')
    t.fail('a row')
  } catch (err) {
    t.ok(hasCode(err, 'BAD_TRANSITION'))
  }
  t.end()
})

test('machines: docs/machines.md is what the tables say', (t) => {
  const page = readFileSync(new URL('../../docs/machines.md', import.meta.url), 'utf8')
  t.equal(page, machinesPage())
  t.end()
})
