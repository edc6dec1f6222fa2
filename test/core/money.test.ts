import fc from 'fast-check'
import test from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import { formatSat, parseSat } from '../../src/core/money.ts'

const MOST = 10n ** 15n

test('money: what is shown can be typed, and means the same to the last msat', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: MOST }), (msat) => {
      const typed = formatSat(msat).replaceAll(',', '').replace(' sat', '')
      return parseSat(typed, 'it', 0n, MOST) === msat
    }),
  )
  t.equal(formatSat(1_234_500n), '1,234.5 sat')
  t.equal(formatSat(-1n), '-0.001 sat')
  t.equal(formatSat(0n), '0 sat')
  t.end()
})

test('money: what is no amount, or out of bounds, is refused with both bounds', (t) => {
  for (const text of [
    '',
    '-1',
    '1e3',
    '0x10',
    '1.',
    '.5',
    '1.0001',
    ' 1',
    '1 ',
    '1,000',
    'NaN',
    '0',
    '11',
  ])
    try {
      t.fail(`${text}: ${parseSat(text, 'the price', 1n, 10_000n)}`)
    } catch (err) {
      const hint = hasCode(err, 'BAD_INPUT') ? err.detail.hint : ''
      t.equal(hint, 'give it in satoshi, 0.001 sat to 10 sat', JSON.stringify(text))
    }
  t.end()
})
