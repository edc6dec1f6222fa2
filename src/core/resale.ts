/**
 * The forwarder's side of one sale: hold downstream, buy upstream, settle downstream (docs/protocol.md §9).
 * The table only: its driver comes with the resale market.
 * @module
 */
import type { Table } from './machine.ts'

/** Where a resale stands. The journal keeps exactly this word. */
export type ResaleState =
  | 'asked'
  | 'offered'
  | 'held'
  | 'paying'
  | 'known'
  | 'exposed'
  | 'cancelling'
  | 'settled'
  | 'cancelled'
  | 'lost'

/** What can happen to a resale. */
export type ResaleEvent =
  | 'offer'
  | 'none'
  | 'cancel'
  | 'held'
  | 'expired'
  | 'pay'
  | 'refuse'
  | 'paid'
  | 'failed'
  | 'dead'
  | 'gone'
  | 'settled'
  | 'cancelled'

/** The whole protocol. From `known` no row leads to `cancelled`: the upstream money is spent (law 4). */
export const RESALE: Table<ResaleState, ResaleEvent> = {
  asked: { offer: 'offered', none: 'cancelled', cancel: 'cancelled' },
  offered: { held: 'held', expired: 'cancelling', cancel: 'cancelling' },
  held: { pay: 'paying', refuse: 'cancelling' },
  paying: { paid: 'known', failed: 'cancelling', dead: 'cancelling', gone: 'exposed' },
  known: { settled: 'settled', gone: 'lost' },
  exposed: { paid: 'lost', failed: 'cancelled' },
  cancelling: { cancelled: 'cancelled' },
  settled: {},
  cancelled: {},
  lost: {},
}
