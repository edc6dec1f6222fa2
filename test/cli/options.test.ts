import fc from 'fast-check'
import test from 'tape'
import { feeRule } from '../../src/cli/fee-rule.ts'
import * as options from '../../src/cli/options.ts'
import { hasCode } from '../../src/core/errors.ts'
import { formatSat } from '../../src/core/money.ts'

/** What a parser says of a word: its value, or that it is refused with a hint. */
function read<T>(parse: (text: string) => T, text: string): T | 'refused' {
  try {
    return parse(text)
  } catch (err) {
    if (hasCode(err, 'BAD_INPUT') && err.detail.hint) return 'refused'
    throw err
  }
}

test('options: prices and budgets are satoshi with three decimals, in bounds', (t) => {
  const price = options.price('--price-per-piece')
  for (const [text, msat] of [
    ['5', 5000n],
    ['0.001', 1n],
    ['10000', 10_000_000n],
    ['2.5', 2500n],
  ] as const)
    t.equal(read(price, text), msat, text)
  for (const text of [
    '0',
    '0.0001',
    '10000.001',
    '1e12',
    '1000000000000',
    '-5',
    '',
    ' 5',
    '5sat',
    '٣',
  ])
    t.equal(read(price, text), 'refused', JSON.stringify(text))
  t.equal(read(options.budget, '2100000000000000'), 2_100_000_000_000_000_000n)
  t.equal(read(options.budget, '0.5'), 'refused')
  t.end()
})

test('options: any amount that we print can be typed', (t) => {
  fc.assert(
    fc.property(fc.bigInt(1n, 10_000_000n), (msat) => {
      const text = formatSat(msat).replaceAll(',', '').replace(' sat', '')
      return options.price('--max-price')(text) === msat
    }),
  )
  t.end()
})

test('options: numbers of bytes have units of 1,024 and bounds', (t) => {
  const bytes = options.bytes('--piece-length', 2 ** 14, 2 ** 26)
  for (const [text, value] of [
    ['16384', 2 ** 14],
    ['256K', 2 ** 18],
    ['256KiB', 2 ** 18],
    ['1m', 2 ** 20],
    ['64 MB', 2 ** 26],
  ] as const)
    t.equal(read(bytes, text), value, text)
  for (const text of ['16383', '65M', '1G', '0x4000', '1.5M', '-1', 'K', ''])
    t.equal(read(bytes, text), 'refused', JSON.stringify(text))
  t.end()
})

test('options: ports, peers, trackers and profiles are what they must be', (t) => {
  const port = options.port('--port')
  t.deepEqual(
    ['1', '65535', '0', '65536', '80.5', '-1', 'http'].map((text) => read(port, text)),
    [1, 65_535, 'refused', 'refused', 'refused', 'refused', 'refused'],
  )
  for (const text of ['127.0.0.1:6881', '[::1]:80', 'a-b.example:65535'])
    t.equal(read(options.peer, text), text)
  for (const text of ['127.0.0.1', '127.0.0.1:0', '127.0.0.1:65536', ':80', 'a b:80', '::1:80'])
    t.equal(read(options.peer, text), 'refused', text)
  t.equal(read(options.tracker, 'udp://t.example:80/announce'), 'udp://t.example:80/announce')
  for (const text of ['t.example', 'file:///etc/passwd', 'javascript:1'])
    t.equal(read(options.tracker, text), 'refused', text)
  t.equal(read(options.profile, 'viewer-2'), 'viewer-2')
  for (const text of ['', '.', '..', '../x', 'a/b', 'A', '-x', 'x'.repeat(33)])
    t.equal(read(options.profile, text), 'refused', JSON.stringify(text))
  t.end()
})

test('options: a repeatable one keeps its order', (t) => {
  const gather = options.gather(options.peer)
  t.deepEqual(gather('b:2', gather('a:1', [])), ['a:1', 'b:2'])
  t.end()
})

test('options: a fee rule is a share, a base, or both', (t) => {
  for (const [text, ppm, baseMsat] of [
    ['1%', 10_000n, 0n],
    ['2', 0n, 2000n],
    ['1%+1', 10_000n, 1000n],
    ['0.25%+3', 2500n, 3000n],
    ['0', 0n, 0n],
    ['100%', 1_000_000n, 0n],
  ] as const)
    t.deepEqual(read(feeRule, text), { ppm, baseMsat }, text)
  for (const text of ['', '%', '101%', '10001', '1%1%', '-1', '1.23456%', '1% + 1', 'x'])
    t.equal(read(feeRule, text), 'refused', JSON.stringify(text))
  t.end()
})
