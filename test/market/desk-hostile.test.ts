import fc from 'fast-check'
import test from 'tape'
import type { Message } from '../../extensions/lnt-trade/message.ts'
import { toHex } from '../../src/core/bytes.ts'
import { hasCode } from '../../src/core/errors.ts'
import {
  ADDRESS_OPEN,
  CONNECTION_OPEN,
  MOST_OPEN,
  openAllowance,
  strangerCoupons,
} from '../../src/core/limits.ts'
import type { Sale } from '../../src/core/sale.ts'
import { type DeskRig, deskRig } from './desk-rig.ts'
import type { ScriptedPeer } from './scripted-peer.ts'

const SEED = 20261121
const ADDRESSES = ['north', 'north', 'south', 'west']

/** What a hostile peer does next. Ids, spans and nonces are few, so that they meet. */
type Act =
  | { readonly do: 'say'; readonly who: number; readonly message: Message }
  | { readonly do: 'pay' | 'leave'; readonly who: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'price'; readonly priceMsat: bigint }

const who = fc.nat(ADDRESSES.length - 1)
const id = fc.nat(20)
const span = fc.constantFrom(0, 1, 2, 3, 7, 8, 8, 8, 8, 9, 9, 9, 10, 12, 13, 16, 2 ** 32 - 1)
const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.nat(255).map((byte) => new Uint8Array(length).fill(byte))
const message: fc.Arbitrary<Message> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('ask' as const),
      id,
      span,
      kinds: fc.constantFrom([1], [4], [1, 4], [1, 4], [1, 2, 3, 4], [255]),
      mostMsat: fc.constantFrom(1n, 5_000n, 1_000_000n, 1_000_000n, 1_000_000n),
      nonce: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      hops: fc.constantFrom(0, 0, 0, 1, 2, 3),
      // How far from the rev in force.
      rev: fc.constantFrom(0, 0, 0, 0, 0, 1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('cancel' as const), id }) },
  fc.record({ type: fc.constant('getrecords' as const), id, span, level: fc.nat(9) }),
  // A buyer has no business with these; a seller has nothing to do with them.
  fc.record({
    type: fc.constant('reject' as const),
    id,
    code: fc.nat(20),
    text: fc.constant('?'),
  }),
  fc.record({
    type: fc.constant('records' as const),
    id,
    span,
    level: fc.constant(0),
    rows: bytes(96),
    rpath: bytes(32),
  }),
)
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('say' as const), who, message }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pay' as const), who }) },
  fc.record({ do: fc.constant('leave' as const), who }),
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(300, 2_000, 5_000, 61_000),
    }),
  },
  fc.record({ do: fc.constant('price' as const), priceMsat: fc.constantFrom(5_000n, 1n) }),
)

/** Plays acts against one desk, and looks at its promises after each. */
class Siege {
  readonly rig: DeskRig
  readonly peers: ScriptedPeer[]
  readonly #paid = new Set<string>()

  constructor(rig: DeskRig) {
    this.rig = rig
    this.peers = ADDRESSES.map((address) => rig.connect(address))
  }

  async play(next: Act): Promise<void> {
    switch (next.do) {
      case 'say':
        this.#say(this.#peer(next.who), next.message)
        break
      case 'pay':
        await this.#pay(this.#peer(next.who))
        break
      case 'leave':
        this.#replace(next.who)
        break
      case 'pass':
        await this.rig.clock.run(next.ms)
        break
      case 'price':
        this.rig.desk.setPrice({ priceMsat: next.priceMsat, stepPpm: 0 })
    }
    await this.rig.clock.run(0)
    for (const [index, { dropped }] of this.peers.entries()) {
      if (!dropped) continue
      if (!hasCode(dropped, 'BAD_PEER'))
        throw new Error('dropped for another reason', { cause: dropped })
      this.#replace(index)
    }
    this.#check()
  }

  #say(peer: ScriptedPeer, said: Message): void {
    const { rev } = this.rig.desk.terms()
    const isAsk = said.type === 'ask'
    this.rig.desk.received(peer, isAsk ? { ...said, rev: rev + said.rev } : said)
  }

  #peer(index: number): ScriptedPeer {
    const peer = this.peers[index]
    if (!peer) throw new RangeError('no such peer')
    return peer
  }

  #replace(index: number): void {
    this.rig.desk.closed(this.#peer(index))
    this.peers[index] = this.rig.connect(ADDRESSES[index])
  }

  async #pay(peer: ScriptedPeer): Promise<void> {
    const offer = peer.sent.findLast((one) => one.type === 'offer')
    if (offer?.type !== 'offer' || this.#paid.has(offer.invoice)) return
    this.#paid.add(offer.invoice)
    await this.rig.pay(offer)
  }

  /** No more open offers than the limits, no coupon twice, no more coupons with strangers than their share. */
  #check(): void {
    const latest = new Map<string, Sale>()
    const settledAt = new Map<string, number>()
    for (const sale of this.rig.sales) {
      latest.set(toHex(sale.hash), sale)
      if (sale.state === 'settling') settledAt.set(sale.buyer, (settledAt.get(sale.buyer) ?? 0) + 1)
    }
    const open = [...latest.values()].filter(({ state }) => state === 'offered')
    for (const address of new Set(ADDRESSES)) {
      const here = open.filter(({ buyer }) => buyer === address).length
      const settled = settledAt.get(address) ?? 0
      const connections = ADDRESSES.filter((one) => one === address).length
      const most = Math.min(
        openAllowance(ADDRESS_OPEN, settled),
        // No connection has settled more than its address.
        connections * openAllowance(CONNECTION_OPEN, settled),
      )
      if (here > most || here > MOST_OPEN)
        throw new Error(`${here} open at ${address}, ${most} allowed`)
    }
    const coupons = this.rig.sales.filter(({ state, kind }) => state === 'offered' && kind === 1)
    const hashes = new Set(coupons.map(({ hash }) => toHex(hash)))
    if (hashes.size < coupons.length) throw new Error('a coupon was offered twice within a day')
    const { salt, c } = this.rig.sealed.torrent
    for (let v = 1; v < 16; v++)
      if (this.rig.store.coupons.counts({ salt, c, span: v }).strangers > strangerCoupons(2 ** c))
        throw new Error(`strangers have more than their share of span ${v}`)
  }
}

/** Plays all acts, then lets everything run out: nothing may be left, nothing of ours may have failed. */
async function besiege(rig: DeskRig, acts: readonly Act[]): Promise<void> {
  const siege = new Siege(rig)
  for (const next of acts) await siege.play(next)
  await rig.clock.run(61_000)
  if (rig.errors.length > 0) throw new Error('ours', { cause: rig.errors[0] })
  if (rig.store.journal.unfinishedSales().length > 0) throw new Error('a sale has no end')
}

test('desk: no sequence of messages makes it throw, go over its limits, or share a coupon', async (t) => {
  let offers = 0
  let settled = 0
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 40, maxLength: 80 }), async (acts) => {
      const rig = await deskRig({ c: 4, free: [12] })
      try {
        await besiege(rig, acts)
      } finally {
        await rig.close()
      }
      offers += rig.sales.filter(({ state }) => state === 'offered').length
      settled += rig.sales.filter(({ state }) => state === 'settled').length
      if (rig.clock.timers > 0) throw new Error(`${rig.clock.timers} timers are left`)
    }),
    { seed: SEED, numRuns: 60 },
  )
  t.ok(offers > 200 && settled > 50, `seed ${SEED}: ${offers} offers, ${settled} settled`)
})
