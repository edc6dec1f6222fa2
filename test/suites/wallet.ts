/**
 * What every wallet adapter must do (src/wallet/wallet.ts), as claims that run against a rig of wallets.
 *
 * An adapter's test file calls `walletSuite('ldk', setup)` once; one rig serves all claims, in order.
 * @module
 */
import test from 'tape'
import type { WalletRig } from './wallet-rig.ts'
import { saleClaims } from './wallet-sale.ts'
import { troubleClaims } from './wallet-trouble.ts'

export type { WalletRig } from './wallet-rig.ts'

/** Runs all claims against one rig; `setup` is called in the first test, `close` in the last. */
export function walletSuite(name: string, setup: () => Promise<WalletRig>): void {
  let rig: WalletRig | undefined
  test(`wallet ${name}: starts`, async (t) => {
    rig = await setup()
    t.equal(rig.buyer.network, rig.seller.network, 'one network')
  })
  for (const { claim, prove } of [...saleClaims, ...troubleClaims]) {
    test(`wallet ${name}: ${claim}`, async (t) => {
      if (rig === undefined) return t.fail('the rig did not start')
      await prove(t, rig)
    })
  }
  test(`wallet ${name}: closes`, async (t) => {
    await rig?.close()
    t.pass('closed')
  })
}
