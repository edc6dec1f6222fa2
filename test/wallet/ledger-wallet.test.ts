import { Ledger } from '../../src/wallet/ledger.ts'
import type { LedgerNode } from '../../src/wallet/ledger-node.ts'
import { LedgerWallet } from '../../src/wallet/ledger-wallet.ts'
import type { Capabilities } from '../../src/wallet/wallet.ts'
import { type WalletRig, walletSuite } from '../suites/wallet.ts'

const SAT = 1000n

/** Buyers and seller around a hub that charges, or each with a channel to the seller. */
async function ledgerRig(routed: boolean, can: Partial<Capabilities> = {}): Promise<WalletRig> {
  const ledger = new Ledger()
  const node = (byte: number): LedgerNode =>
    ledger.addNode({ secretKey: new Uint8Array(32).fill(byte), can })
  const [buyer, seller, other, hub] = [node(1), node(2), node(3), node(4)]
  const policy = { feeBaseMsat: 1000n, feePpm: 1n, cltvDelta: 80 }
  const money = { nearMsat: 100_000n * SAT, farMsat: 100_000n * SAT }
  for (const leaf of [buyer, other, ...(routed ? [seller] : [])])
    ledger.openChannel(leaf, routed ? hub : seller, {
      ...money,
      ...(routed && { farPolicy: policy }),
    })
  const wallet = (of: LedgerNode): LedgerWallet =>
    new LedgerWallet({ ledger, node: of, clockSeconds: () => 1_700_000_000 })
  const nodes = { buyer, seller }
  const open = { buyer: wallet(buyer), seller: wallet(seller), other: wallet(other) }
  return {
    get buyer() {
      return open.buyer
    },
    get seller() {
      return open.seller
    },
    other: open.other,
    routed,
    mine: async (blocks) => ledger.mine(blocks),
    restart: async (which) => {
      await open[which].close()
      open[which] = wallet(nodes[which])
    },
    close: async () => {
      ledger.audit()
      await Promise.all([open.buyer.close(), open.seller.close(), open.other.close()])
    },
  }
}

walletSuite('ledger over a hub', () => ledgerRig(true))
walletSuite('ledger, direct, each hash once', () => ledgerRig(false, { canReuseHash: false }))
