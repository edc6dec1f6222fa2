/**
 * Follows a payment whose outcome is not known until the wallet tells it (docs/protocol.md §9, money law 3).
 * @module
 */

import { toHex } from '../core/bytes.ts'
import type { Clock } from '../core/clock.ts'
import { hasCode, LntError } from '../core/errors.ts'
import type { Purchase } from '../core/purchase.ts'
import type { Journal } from '../store/journal.ts'
import type { Payment, Wallet } from '../wallet/wallet.ts'
import { type Continuity, continuityOf } from './continuity.ts'
import { backOffMs, pause } from './pause.ts'

/** Blocks past the absolute CLTV limit before a payment can be dead (money law 3 a). */
export const DEAD_AFTER_BLOCKS = 6
/** Blocks between the two sightings of a dead payment (money law 3). */
export const DEAD_APART_BLOCKS = 6

/** What following acts on. */
export interface FollowPorts {
  readonly wallet: Pick<Wallet, 'nodeId' | 'height' | 'pay' | 'track' | 'isQuiet' | 'lookupHold'>
  readonly journal: Pick<Journal, 'latestSettledAct'>
  readonly clock: Clock
  /** Ends the wait, never the payment. */
  readonly stop: AbortSignal
}

/** How a followed payment ended; `dead` only from `paying`. */
export type Followed = Payment | { readonly status: 'dead' }

/** A payment's row with the wallet it was given to. */
export interface Sent extends Purchase {
  readonly walletNode: Uint8Array
  readonly expiryLimitHeight: number
}

/**
 * Pays, with the limits that are on disk. A throw tells nothing about the outcome.
 * @returns `undefined` when the outcome is not known
 */
export async function payOnce(
  sent: Sent,
  { wallet, stop }: FollowPorts,
): Promise<Payment | undefined> {
  const { invoice, feeLimitMsat, expiryLimitHeight } = sent
  try {
    return await wallet.pay({ invoice, feeLimitMsat, expiryLimitHeight }, stop)
  } catch (err) {
    if (hasCode(err, 'PAYMENT_REFUSED')) return { status: 'failed', why: err.detail.why }
    if (isUnknown(err)) return undefined
    throw err
  }
}

/**
 * Asks the wallet until the payment has an end, with longer and longer pauses.
 * @throws {@link LntError} `PAYMENT_UNKNOWN` when stopped before
 */
export async function follow(sent: Sent, ports: FollowPorts): Promise<Followed> {
  const watch = new DeathWatch()
  for (let tries = 0; !ports.stop.aborted; tries++) {
    const end = await unlessAway(() => look(sent, watch, ports))
    if (end !== undefined) return end
    await pause(ports.clock, backOffMs(tries), ports.stop)
  }
  throw new LntError({
    code: 'PAYMENT_UNKNOWN',
    hash: toHex(sent.hash),
    why: 'stopped before the wallet knew its end',
  })
}

async function look(
  sent: Sent,
  watch: DeathWatch,
  ports: FollowPorts,
): Promise<Followed | undefined> {
  const { wallet } = ports
  const tracked = await wallet.track(sent.hash)
  // A preimage proves itself, whoever tells it.
  if (tracked.status === 'paid') return tracked
  const continuity = await continuityOf(sent.walletNode, ports)
  if (continuity === 'broken') return undefined
  if (sent.state === 'dead') return undefined
  switch (tracked.status) {
    case 'failed':
      return tracked
    case 'none':
      return payOnce(sent, ports)
    case 'pending':
      return (await watch.sees(sent, continuity, wallet)) ? { status: 'dead' } : undefined
  }
}

/** Sees a payment dead twice, some blocks apart (money law 3). */
class DeathWatch {
  private firstHeight: number | undefined

  async sees(
    { hash, expiryLimitHeight }: Sent,
    continuity: Continuity,
    wallet: Pick<Wallet, 'height' | 'isQuiet'>,
  ): Promise<boolean> {
    const height = await wallet.height()
    const isLate = height > expiryLimitHeight + DEAD_AFTER_BLOCKS
    if (!isLate || continuity !== 'same' || !(await wallet.isQuiet(hash))) {
      this.firstHeight = undefined
      return false
    }
    this.firstHeight ??= height
    return height >= this.firstHeight + DEAD_APART_BLOCKS
  }
}

/** `undefined` when the wallet did not answer: it is asked again. */
async function unlessAway<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (err) {
    if (isUnknown(err)) return undefined
    throw err
  }
}

function isUnknown(err: unknown): boolean {
  return hasCode(err, 'PAYMENT_UNKNOWN') || hasCode(err, 'WALLET_UNAVAILABLE')
}
