/**
 * Sales a second through the embedded nodes: buyer, hub and seller in one process and one thread, TCP between
 * them, every commit synced to disk. Prints one line of JSON.
 * @module
 */
import { performance } from 'node:perf_hooks'
import type { LdkWallet } from '../../src/wallet/ldk/wallet.ts'
import { freshSale, limits, patience } from '../suites/wallet-rig.ts'
import { Town } from '../wallet/ldk-town.ts'

const SEQUENTIAL = 60
const PARALLEL = 240
const IN_FLIGHT = 30

async function sell(buyer: LdkWallet, seller: LdkWallet): Promise<void> {
  const { request, hash, preimage } = freshSale(1_000n)
  const invoice = await seller.hold(request)
  const paying = buyer.pay(await limits(buyer, invoice), patience())
  await seller.waitHold(hash, patience())
  await seller.settle(preimage)
  const end = await paying
  if (end.status !== 'paid') throw new Error(end.why)
}

async function perSecond(
  sales: number,
  inFlight: number,
  one: () => Promise<void>,
): Promise<number> {
  const start = performance.now()
  let left = sales
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await one()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return Math.round((10_000 * sales) / (performance.now() - start)) / 10
}

const town = await Town.build()
const buyer = await town.wallet('buyer')
const seller = await town.wallet('seller')
await town.open(buyer)
await town.open(seller, 1_000_000n, 0n)
const one = (): Promise<void> => sell(buyer, seller)
const sequential = await perSecond(SEQUENTIAL, 1, one)
const { user, system } = process.cpuUsage()
const parallel = await perSecond(PARALLEL, IN_FLIGHT, one)
const used = process.cpuUsage({ user, system })
await buyer.close()
await seller.close()
await town.close()
console.log(
  JSON.stringify({
    sales_per_s_ldk: sequential,
    sales_per_s_ldk_30_in_flight: parallel,
    cpu_ms_per_sale_ldk_all_3_nodes: Math.round((used.user + used.system) / 1000 / PARALLEL),
  }),
)
