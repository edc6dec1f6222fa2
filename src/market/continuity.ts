/**
 * Whether a wallet is the one that made a payment, with its memory intact (docs/protocol.md §9, money law 3 b).
 * @module
 */
import { equal } from '../core/bytes.ts'
import type { Journal } from '../store/journal.ts'
import type { Wallet } from '../wallet/wallet.ts'

/** `same`: it still knows an act that the journal has as settled. `new`: the journal has none to ask for. */
export type Continuity = 'same' | 'new' | 'broken'

/** What is asked. */
export interface ContinuityPorts {
  readonly wallet: Pick<Wallet, 'nodeId' | 'track' | 'lookupHold'>
  readonly journal: Pick<Journal, 'latestSettledAct'>
}

/**
 * Compares a wallet with the journal. A restored wallet proves nothing, nor does its "not found".
 * @param walletNode - node that a row of the journal names, 33 bytes
 * @throws LntError `WALLET_UNAVAILABLE`
 */
export async function continuityOf(
  walletNode: Uint8Array,
  { wallet, journal }: ContinuityPorts,
): Promise<Continuity> {
  if (!equal(walletNode, wallet.nodeId)) return 'broken'
  const act = journal.latestSettledAct(walletNode)
  if (act === undefined) return 'new'
  const isKnown =
    'buyer' in act
      ? (await wallet.lookupHold(act.hash)).status === 'settled'
      : (await wallet.track(act.hash)).status === 'paid'
  return isKnown ? 'same' : 'broken'
}
