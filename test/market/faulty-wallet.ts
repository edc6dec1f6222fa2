/**
 * A wallet whose calls can be made to fail or to hang.
 * @module
 */
import type { Wallet } from '../../src/wallet/wallet.ts'

/** Wallet calls that can be made to fail or to hang. */
export interface Faults {
  hold?: Error | Promise<void> | undefined
  height?: Error | undefined
  settle?: Error | undefined
}

/** A wallet with faults. */
export function faulty(wallet: Wallet, faults: Faults): Wallet {
  const check = async (fault: Error | Promise<void> | undefined): Promise<void> => {
    if (fault instanceof Error) throw fault
    await fault
  }
  return {
    can: wallet.can,
    network: wallet.network,
    nodeId: wallet.nodeId,
    liquidity: () => wallet.liquidity(),
    height: async () => {
      await check(faults.height)
      return wallet.height()
    },
    hold: async (request) => {
      await check(faults.hold)
      return wallet.hold(request)
    },
    settle: async (preimage) => {
      await check(faults.settle)
      return wallet.settle(preimage)
    },
    lookupHold: (hash) => wallet.lookupHold(hash),
    waitHold: (hash, signal) => wallet.waitHold(hash, signal),
    cancel: (hash) => wallet.cancel(hash),
    pay: (request, signal) => wallet.pay(request, signal),
    track: (hash) => wallet.track(hash),
    isQuiet: (hash) => wallet.isQuiet(hash),
    close: () => wallet.close(),
  }
}
