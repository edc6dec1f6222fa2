/**
 * The embedded node runs the conformance suite of wallets. The hub between them takes a fee.
 * @module
 */
import type { LdkNode } from '../../src/wallet/ldk/node.ts'
import type { LdkWallet } from '../../src/wallet/ldk/wallet.ts'
import { type WalletRig, walletSuite } from '../suites/wallet.ts'
import { must, Town } from './ldk-town.ts'

async function rig(): Promise<WalletRig> {
  const town = await Town.build({ forwardFeeMsat: 2 })
  const wallets = {
    buyer: await town.wallet('buyer'),
    seller: await town.wallet('seller'),
    other: await town.wallet('other'),
  }
  for (const wallet of Object.values(wallets)) await town.open(wallet)
  const nodes = (): LdkNode[] => [town.hub, ...Object.values(wallets).map(({ node }) => node)]
  return {
    get buyer(): LdkWallet {
      return wallets.buyer
    },
    get seller(): LdkWallet {
      return wallets.seller
    },
    get other(): LdkWallet {
      return wallets.other
    },
    routed: true,
    async mine(blocks) {
      town.chain.mine(blocks)
      const height = town.chain.height
      for (const node of nodes())
        await must(`height ${height}`, node, () => node.height() === height)
    },
    async restart(which) {
      await wallets[which].close()
      wallets[which] = await town.wallet(which)
      await town.ready(wallets[which])
    },
    async close() {
      for (const wallet of Object.values(wallets)) await wallet.close()
      await town.close()
    },
  }
}

walletSuite('ldk', rig)
