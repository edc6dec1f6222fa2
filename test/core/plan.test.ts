import fc from 'fast-check'
import test from 'tape'
import { covers } from '../../src/core/geometry.ts'
import { AHEAD_PIECES, aheadMsat, nextSpan, type PlanView } from '../../src/core/plan.ts'

const PRICE = { priceMsat: 5000n, stepPpm: 0 }

function view(over: Partial<PlanView>): PlanView {
  return {
    pieces: 16,
    wanted: Array.from({ length: 16 }, (_, piece) => piece),
    urgent: 0,
    isSettled: true,
    isLocked: () => true,
    isFree: () => false,
    inHand: () => true,
    opened: 0,
    isTrusted: false,
    aheadMsat: 0n,
    leftMsat: 10_000_000n,
    feeLimitMsat: () => 1000n,
    isSold: () => true,
    ...over,
  }
}

/** Buys until nothing more is for sale, each purchase opened before the next. */
function buyAll(pieces: number, over: Partial<PlanView> = {}): number[] {
  const open = new Set<number>()
  const counts: number[] = []
  for (;;) {
    const choice = nextSpan(
      view({
        pieces,
        wanted: Array.from({ length: pieces }, (_, piece) => piece),
        isLocked: (piece) => !open.has(piece),
        opened: open.size,
        ...over,
      }),
      PRICE,
    )
    if (typeof choice === 'string') return counts
    const { first, count } = covers(pieces, choice.span)
    for (let piece = first; piece < first + count; piece++) open.add(piece)
    counts.push(count)
  }
}

test('plan: spans start at one piece and double', (t) => {
  t.deepEqual(buyAll(64), [1, 1, 2, 4, 8, 16, 16, 16])
  t.deepEqual(buyAll(512), [1, 1, 2, 4, 8, 16, 32, ...Array.from({ length: 7 }, () => 64)])
  t.deepEqual(buyAll(1), [1])
  t.end()
})

test('plan: every wanted piece is bought exactly once, whatever the size', (t) => {
  for (let pieces = 1; pieces <= 70; pieces++)
    t.equal(
      buyAll(pieces).reduce((sum, count) => sum + count, 0),
      pieces,
      `${pieces} pieces`,
    )
  t.end()
})

test('plan: nothing is bought for a piece whose ciphertext is not in hand', (t) => {
  t.equal(nextSpan(view({ inHand: () => false }), PRICE), 'ciphertext')
  t.deepEqual(nextSpan(view({ inHand: (piece) => piece === 5 }), PRICE), {
    span: 21,
    amountMsat: 5000n,
    count: 1,
  })
  t.end()
})

test('plan: a span that can still grow is kept back, unless somebody waits for it', (t) => {
  const half = { opened: 8, isLocked: (p: number) => p >= 8, inHand: (p: number) => p < 12 }
  const ahead = { aheadMsat: AHEAD_PIECES * PRICE.priceMsat - 5000n }
  t.equal(nextSpan(view({ ...half, ...ahead }), PRICE), 'later')
  t.deepEqual(nextSpan(view({ ...half, ...ahead, urgent: 9 }), PRICE), {
    span: 6,
    amountMsat: 20_000n,
    count: 4,
  })
  t.end()
})

test('plan: a budget that covers nothing says so, and one that covers less buys less', (t) => {
  t.equal(nextSpan(view({ leftMsat: 5999n }), PRICE), 'budget')
  const rest = { opened: 8, isLocked: (p: number) => p >= 8 }
  t.deepEqual(nextSpan(view({ ...rest, leftMsat: 11_000n }), PRICE), {
    span: 12,
    amountMsat: 10_000n,
    count: 2,
  })
  t.end()
})

test('plan: no rule of §7 is broken, whatever the view', (t) => {
  fc.assert(
    fc.property(
      fc.record({
        pieces: fc.integer({ min: 1, max: 40 }),
        wantedBits: fc.bigInt({ min: 0n, max: 2n ** 40n - 1n }),
        lockedBits: fc.bigInt({ min: 0n, max: 2n ** 40n - 1n }),
        handBits: fc.bigInt({ min: 0n, max: 2n ** 40n - 1n }),
        freeBits: fc.bigInt({ min: 0n, max: 2n ** 40n - 1n }),
        urgent: fc.nat(4),
        opened: fc.nat(40),
        ahead: fc.bigInt({ min: 0n, max: 90_000n }),
        leftMsat: fc.bigInt({ min: 0n, max: 200_000n }),
        isSettled: fc.boolean(),
      }),
      (x) => {
        const has = (bits: bigint) => (piece: number) => (bits >> BigInt(piece)) % 2n === 1n
        const wanted = Array.from({ length: x.pieces }, (_, i) => i).filter(has(x.wantedBits))
        const v = view({
          pieces: x.pieces,
          wanted,
          urgent: x.urgent,
          isLocked: has(x.lockedBits),
          isFree: has(x.freeBits),
          inHand: has(x.handBits),
          opened: x.opened,
          aheadMsat: x.ahead,
          leftMsat: x.leftMsat,
          isSettled: x.isSettled,
        })
        const choice = nextSpan(v, PRICE)
        if (typeof choice === 'string') return true
        const { first, count } = covers(x.pieces, choice.span)
        const under = Array.from({ length: count }, (_, i) => first + i)
        return (
          under.every((p) => v.isFree(p) || (wanted.includes(p) && v.isLocked(p))) &&
          under.some((p) => !v.isFree(p) && v.inHand(p)) &&
          count <= Math.max(1, 2 * x.opened) &&
          choice.amountMsat + 1000n <= x.leftMsat &&
          x.ahead + aheadMsat(x.pieces, choice.span, choice.amountMsat, v.inHand) <=
            AHEAD_PIECES * PRICE.priceMsat
        )
      },
    ),
    { numRuns: 5000 },
  )
  t.pass('5,000 views')
  t.end()
})
