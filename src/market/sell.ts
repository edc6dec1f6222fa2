/**
 * Runs one sale: hold, settle, or cancel, as its table says (docs/protocol.md §9).
 * @module
 */
import type { Clock } from '../core/clock.ts'
import { hasCode, LntError } from '../core/errors.ts'
import { isFinal, next } from '../core/machine.ts'
import { SALE, type Sale, type SaleEvent } from '../core/sale.ts'
import type { Journal } from '../store/journal.ts'
import type { Hold, Wallet } from '../wallet/wallet.ts'
import { backOffMs, pause } from './pause.ts'

/**
 * Blocks that a held HTLC must have left when it is accepted (money law 9): lnd fails a held one back 18 blocks before
 * its expiry, LDK 21; our own offers begin with 24.
 */
export const SETTLE_BLOCKS = 18

/** What a sale acts on. */
export interface SellPorts {
  readonly wallet: Pick<
    Wallet,
    'nodeId' | 'height' | 'lookupHold' | 'waitHold' | 'settle' | 'cancel'
  >
  /** The coupon book moves with the journal's rows. */
  readonly journal: Pick<Journal, 'recordSale'>
  readonly clock: Clock
  /** The buyer is gone, or does not want it any more: the offer is taken back if nothing is held for it yet. */
  readonly cancel: AbortSignal
  /** Leaves the sale as it stands on disk; it is resumed at the next start. */
  readonly stop: AbortSignal
}

/**
 * Takes a sale, recorded as `offered` or read back from the journal, to its end.
 * @throws the reason of `stop` when stopped before; what the journal throws, and the wallet but for `WALLET_UNAVAILABLE`
 */
export async function runSale(sale: Sale, ports: SellPorts): Promise<Sale> {
  let now = sale
  for (let tries = 0; !isFinal(SALE, now.state); ) {
    const outcome = await unlessAway(() => act(now, ports), ports)
    if (outcome === undefined) {
      await pause(ports.clock, backOffMs(tries++), ports.stop)
      continue
    }
    tries = 0
    const { event, ...learnt } = outcome
    now = { ...now, ...learnt, state: next('sale', SALE, now.state, event) }
    ports.journal.recordSale(now, event)
  }
  return now
}

interface Outcome {
  readonly event: SaleEvent
  readonly expiryHeight?: number
}

/** Every call here is safe to repeat: after a crash it is made again. */
async function act(sale: Sale, ports: SellPorts): Promise<Outcome> {
  const { wallet } = ports
  switch (sale.state) {
    case 'offered':
      return wait(sale, ports)
    case 'held':
      return { event: (await isGood(sale, ports)) ? 'accept' : 'refuse' }
    case 'settling':
      return { event: await wallet.settle(sale.preimage) }
    case 'cancelling':
      return { event: await wallet.cancel(sale.hash) }
    case 'settled':
    case 'lost':
    case 'cancelled':
      throw new LntError({ code: 'BAD_JOURNAL', why: `nothing to do when ${sale.state}` })
  }
}

/** Until the money is held, the offer ends by our clock, or nobody wants it any more. What is held wins. */
async function wait(sale: Sale, { wallet, clock, cancel, stop }: SellPorts): Promise<Outcome> {
  if (clock.nowMs() >= sale.expiresAtMs) return { event: 'expired' }
  const over = new AbortController()
  const end = (): void => over.abort()
  const signal = AbortSignal.any([over.signal, cancel, stop])
  const takeBack = clock.after(Math.max(0, sale.expiresAtMs - clock.nowMs()), end)
  try {
    return outcomeOf(await wallet.waitHold(sale.hash, signal))
  } catch (err) {
    if (!signal.aborted) throw err
    stop.throwIfAborted()
    // An HTLC that is late is failed; one that has come before the buyer's cancel is kept.
    if (clock.nowMs() >= sale.expiresAtMs) return { event: 'expired' }
    const hold = await wallet.lookupHold(sale.hash)
    return hold.status === 'held' ? outcomeOf(hold) : { event: 'cancel' }
  } finally {
    takeBack()
  }
}

function outcomeOf(hold: Hold): Outcome {
  if (hold.status === 'held') return { event: 'held', expiryHeight: hold.expiryHeight }
  // Ended by the node, or, if settled, known again by the cancel call that follows.
  return { event: 'expired' }
}

/** The whole amount, with time left to settle (money law 9). */
async function isGood(sale: Sale, { wallet }: SellPorts): Promise<boolean> {
  const hold = await wallet.lookupHold(sale.hash)
  if (hold.status !== 'held' || hold.amountMsat < sale.amountMsat) return false
  return (await wallet.height()) + SETTLE_BLOCKS <= hold.expiryHeight
}

/** `undefined` when the wallet did not answer: the act is repeated. */
async function unlessAway(
  ask: () => Promise<Outcome>,
  { stop }: SellPorts,
): Promise<Outcome | undefined> {
  try {
    stop.throwIfAborted()
    return await ask()
  } catch (err) {
    if (!hasCode(err, 'WALLET_UNAVAILABLE') || stop.aborted) throw err
    return undefined
  }
}
