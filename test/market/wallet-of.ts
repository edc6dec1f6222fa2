import type { ResumePorts } from '../../src/market/resume.ts'
import type { Wallet } from '../../src/wallet/wallet.ts'

type Used = ResumePorts['wallet']

/** A wallet with some of its calls replaced, for what a ledger does not do by itself. */
export function walletOf(wallet: Wallet, own: Partial<Used> = {}): Used {
  return {
    nodeId: wallet.nodeId,
    height: () => wallet.height(),
    lookupHold: (hash) => wallet.lookupHold(hash),
    waitHold: (hash, signal) => wallet.waitHold(hash, signal),
    settle: (preimage) => wallet.settle(preimage),
    cancel: (hash) => wallet.cancel(hash),
    pay: (request, signal) => wallet.pay(request, signal),
    track: (hash) => wallet.track(hash),
    isQuiet: (hash) => wallet.isQuiet(hash),
    ...own,
  }
}
