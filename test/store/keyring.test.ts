import fc from 'fast-check'
import test from 'tape'
import { bytesOf, INFO, withStore } from './rows.ts'

const keyOf = (span: number): { span: number; key: Uint8Array } => ({
  span,
  key: bytesOf(`key of ${span}`),
})

test('keyring: whatever is put in, each span has the key of its highest ancestor, and no row is under another', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 63 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 63 }),
      (spans, asked) => {
        let isRight = true
        withStore(({ store: { keyring } }) => {
          for (const span of spans) keyring.put(INFO, keyOf(span), 'bought')
          const isUnder = (span: number, top: number): boolean => {
            for (let at = span; at >= 1; at = Math.floor(at / 2)) if (at === top) return true
            return false
          }
          const tops = [...new Set(spans)].filter((span) =>
            spans.every((other) => other === span || !isUnder(span, other)),
          )
          const rows = keyring.spans(INFO).map(({ span }) => span)
          const found = keyring.get(INFO, asked)?.span
          isRight =
            rows.join() === tops.sort((a, b) => a - b).join() &&
            found === tops.find((top) => isUnder(asked, top))
        })
        return isRight
      },
    ),
    { numRuns: 60 },
  )
  t.pass('property')
  t.end()
})

test('keyring: a key is only for its own torrent', (t) => {
  withStore(({ store: { keyring } }) => {
    keyring.put(INFO, keyOf(1), 'published')
    t.deepEqual(keyring.get(INFO, 2 ** 18), keyOf(1))
    t.equal(keyring.get(bytesOf('other'), 1), undefined)
  })
  t.end()
})

test('keyring: an ancestor replaces descendants down to the deepest level', (t) => {
  withStore(({ store: { keyring } }) => {
    keyring.put(INFO, keyOf(2 ** 18), 'bought')
    keyring.put(INFO, keyOf(2 ** 19 - 1), 'bought')
    keyring.put(INFO, keyOf(1), 'bought')
    t.deepEqual(keyring.spans(INFO), [keyOf(1)])
  })
  t.end()
})
