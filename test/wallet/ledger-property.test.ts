import fc from 'fast-check'
import test from 'tape'
import type { Channel } from '../../src/wallet/ledger-channel.ts'
import { LedgerSale, LedgerTown } from './ledger-town.ts'

const NODES = 5
const POLICY = { feeBaseMsat: 100n, feePpm: 5_000n, cltvDelta: 10 }

/** What a run may do, how often, and with which two numbers. */
const ACTS = {
  hold: { weight: 8, first: NODES - 1, second: 400_000 },
  pay: { weight: 12, first: 40, second: NODES - 1 },
  settle: { weight: 6, first: 40, second: 0 },
  cancel: { weight: 3, first: 40, second: 0 },
  mine: { weight: 2, first: 30, second: 0 },
  cut: { weight: 1, first: 5, second: 0 },
  mend: { weight: 2, first: 5, second: 0 },
  leave: { weight: 1, first: NODES - 1, second: 0 },
  join: { weight: 2, first: NODES - 1, second: 0 },
  stall: { weight: 1, first: NODES - 1, second: 0 },
  release: { weight: 2, first: NODES - 1, second: 0 },
  close: { weight: 1, first: 60, second: 0 },
} as const
type Act = keyof typeof ACTS
type Step = readonly [act: Act, first: number, second: number]

const step: fc.Arbitrary<Step> = fc.oneof(
  ...Object.entries(ACTS).map(([act, { weight, first, second }]) => ({
    weight,
    arbitrary: fc.tuple(fc.constant(act as Act), fc.nat(first), fc.nat(second)),
  })),
)

/** One run: a ring of five with a chord, sales in the order they were made, and what was ever seen. */
class Run {
  readonly town = new LedgerTown(NODES)
  readonly channels: Channel[]
  readonly sales: LedgerSale[] = []
  /** Ends that a payer or a payee has been told: they may never change. */
  readonly ends = new Map<string, string>()

  constructor() {
    const ring = [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 0],
      [1, 3],
    ] as const
    const policies = { nearPolicy: POLICY, farPolicy: POLICY, slots: 4 }
    this.channels = ring.map(([near, far]) => this.town.open(near, far, policies))
  }

  take([act, first, second]: Step): void {
    const { town } = this
    const node = town.nodes[first]
    const channel = this.channels[first]
    const sale = this.sales.at(-1 - (first % (Math.min(this.sales.length, 4) || 1)))
    const acts: Record<Act, () => unknown> = {
      hold: () =>
        this.sales.push(new LedgerSale(town.at(first), BigInt(second + 1), this.#preimage())),
      pay: () =>
        sale?.payFrom(town.at(second), { feeLimitMsat: 20_000n, expiryLimitHeight: 10_000 }),
      settle: () => sale?.payee.holds.settle(sale.preimage),
      cancel: () => sale?.payee.holds.cancel(sale.hash),
      mine: () => town.ledger.mine(first),
      cut: () => channel && town.ledger.setLink(channel, 'down'),
      mend: () => channel && town.ledger.setLink(channel, 'up'),
      leave: () => node && town.ledger.setOnline(node, false),
      join: () => node && town.ledger.setOnline(node, true),
      stall: () => node?.stall(),
      release: () => node?.release(),
      close: () => channel && town.ledger.closeChannel(channel),
    }
    acts[act]()
  }

  /** What must hold after each step. */
  check(): void {
    if (this.town.ledger.audit() !== 12_000_000n) throw new Error('money made or lost')
    for (const [index, sale] of this.sales.entries()) {
      const hold = sale.status
      if (hold === 'settled' || hold === 'cancelled') this.#end(`hold ${index}`, hold)
      let paid = 0
      for (const [who, node] of this.town.nodes.entries()) {
        const { status } = node.payments.track(sale.hash)
        if (status === 'paid') this.#end(`payment ${index} of ${who}`, status)
        if (status === 'paid') paid += 1
      }
      if (paid > 1) throw new Error('one HTLC was held, two payers have paid')
      if (paid === 1 && hold !== 'settled') throw new Error(`paid, but the payee says ${hold}`)
    }
  }

  /** Mends everything, lets all expire: each payment must have ended, on both sides alike. */
  finish(): void {
    const { ledger, nodes } = this.town
    for (const node of nodes) {
      ledger.setOnline(node, true)
      node.release()
    }
    for (const channel of this.channels) ledger.setLink(channel, 'up')
    ledger.mine(200)
    this.check()
    if (ledger.pending > 0) throw new Error('a payment never ended')
    let earnedMsat = 0n
    for (const sale of this.sales) {
      const ends = nodes.map((node) => node.payments.track(sale.hash).status)
      if ((sale.status === 'settled') !== ends.includes('paid'))
        throw new Error('settled, not paid')
      if (sale.status === 'settled') earnedMsat += sale.amountMsat
    }
    const ownedMsat = nodes.reduce((sum, node) => sum + node.balanceMsat(), 0n)
    if (ownedMsat !== 12_000_000n) throw new Error('nodes do not own everything')
    this.#books(earnedMsat)
  }

  /** Each node owns what it began with, plus sales, minus payments and fees; fees stay among them. */
  #books(earnedMsat: bigint): void {
    let spentMsat = 0n
    let feesMsat = 0n
    for (const node of this.town.nodes)
      for (const sale of this.sales) {
        const payment = node.payments.track(sale.hash)
        if (payment.status !== 'paid') continue
        spentMsat += sale.amountMsat
        feesMsat += payment.feeMsat
      }
    if (spentMsat !== earnedMsat) throw new Error('spent is not earned')
    const routedMsat = this.town.nodes.reduce((sum, node, who) => {
      const beganMsat = [2_000_000n, 3_000_000n, 2_000_000n, 3_000_000n, 2_000_000n][who] ?? 0n
      let ownMsat = node.balanceMsat() - beganMsat
      for (const sale of this.sales) {
        if (sale.payee === node && sale.status === 'settled') ownMsat -= sale.amountMsat
        const payment = node.payments.track(sale.hash)
        if (payment.status === 'paid') ownMsat += sale.amountMsat + payment.feeMsat
      }
      if (ownMsat < 0n) throw new Error(`node ${who} is out of pocket by ${-ownMsat} msat`)
      return sum + ownMsat
    }, 0n)
    if (routedMsat !== feesMsat) throw new Error('fees went nowhere')
  }

  #end(what: string, end: string): void {
    const before = this.ends.get(what)
    if (before !== undefined && before !== end) throw new Error(`${what}: ${before}, then ${end}`)
    this.ends.set(what, end)
  }

  #preimage(): Uint8Array {
    return new Uint8Array(32).fill(7).fill(this.sales.length, 0, 2)
  }
}

test('ledger: whatever happens, money is conserved and nothing both settles and fails', (t) => {
  let paid = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const run = new Run()
      for (const one of steps) {
        run.take(one)
        run.check()
      }
      run.finish()
      paid += [...run.ends.values()].filter((end) => end === 'paid').length
    }),
    { numRuns: 400, seed: 13 },
  )
  t.ok(paid > 200, `${paid} payments settled, seed 13`)
  t.end()
})

test('ledger: the same steps give the same ledger', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const [one, two] = [new Run(), new Run()]
      for (const run of [one, two]) for (const each of steps) run.take(each)
      const state = ({ town, sales }: Run): string =>
        [
          ...town.nodes.map((node) => node.balanceMsat()),
          ...sales.map((sale) => sale.status),
        ].join()
      return state(one) === state(two)
    }),
    { numRuns: 100, seed: 14 },
  )
  t.pass('seed 14')
  t.end()
})
