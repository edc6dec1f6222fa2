/**
 * Every node of a sale dies at every disk operation of it, in every manner, and comes back: no channel is
 * lost, nothing is paid twice, the sale ends.
 * @module
 */
import test, { type Test } from 'tape'
import { equal } from '../../src/core/bytes.ts'
import type { LdkWallet } from '../../src/wallet/ldk/wallet.ts'
import type { Payment } from '../../src/wallet/wallet.ts'
import { freshSale, limits, patience } from '../suites/wallet-rig.ts'
import { CrashDisk, type Death, type Manner } from './crash-disk.ts'
import { Town } from './ldk-town.ts'

type Role = 'hub' | 'buyer' | 'seller'
const ROLES: readonly Role[] = ['hub', 'buyer', 'seller']
const MANNERS: readonly Manner[] = ['nothing', 'torn', 'done']

/** Operations of one sale, write and sync each: no role has more than this (the test checks). */
const OPERATIONS = 40

const PRICE_MSAT = 5_000n

/** A town whose nodes can die; whoever died is brought back by {@link revive}. */
class Ward {
  readonly town: Town
  readonly disks: Record<Role, CrashDisk>
  buyer: LdkWallet
  seller: LdkWallet
  #reviving: Promise<void> = Promise.resolve()

  private constructor(town: Town, disks: Ward['disks'], buyer: LdkWallet, seller: LdkWallet) {
    this.town = town
    this.disks = disks
    this.buyer = buyer
    this.seller = seller
  }

  static async build(): Promise<Ward> {
    const disks = { hub: new CrashDisk(), buyer: new CrashDisk(), seller: new CrashDisk() }
    let ward: Ward | undefined
    const dying = (role: Role): object => ({
      disk: disks[role],
      onFailure: () => ward?.revive(role),
    })
    const town = await Town.build(dying('hub'))
    const buyer = await town.wallet('buyer', dying('buyer'))
    const seller = await town.wallet('seller', dying('seller'))
    await town.open(buyer, 10_000_000n, 9_000_000_000n)
    await town.open(seller, 10_000_000n, 0n)
    ward = new Ward(town, disks, buyer, seller)
    return ward
  }

  revive(role: Role): void {
    this.#reviving = this.#reviving.then(async () => {
      const disk = new CrashDisk()
      this.disks[role] = disk
      const options = { disk, onFailure: () => this.revive(role) }
      if (role === 'hub') await this.town.restartHub(options)
      else {
        await this[role].close()
        this[role] = await this.town.wallet(role, options)
      }
    })
  }

  /** Does something until it is done, however often somebody dies over it. */
  async insist<T>(act: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++)
      try {
        return await act()
      } catch (err) {
        if (tries === 5) throw err
        await new Promise((resolve) => setImmediate(resolve))
        await this.ready()
      }
  }

  async ready(): Promise<void> {
    await this.#reviving
    await this.town.ready(this.buyer)
    await this.town.ready(this.seller)
  }

  async close(): Promise<void> {
    await this.buyer.close()
    await this.seller.close()
    await this.town.close()
  }
}

/** One sale, through all deaths. */
async function sell(ward: Ward): Promise<{ end: Payment; preimage: Uint8Array }> {
  const { request, hash, preimage } = freshSale(PRICE_MSAT)
  const invoice = await ward.insist(async () => {
    // An invoice that died with its seller cannot be asked for again.
    await ward.seller.cancel(hash)
    return ward.seller.hold(request)
  })
  const paying = ward.insist(async () => {
    const end = await ward.buyer.pay(await limits(ward.buyer, invoice), patience())
    // Honestly failed, e.g. while the hub waited for the seller to call again: then it may be paid anew.
    if (end.status === 'failed') throw new Error(end.why)
    return end
  })
  const selling = ward.insist(async () => {
    await ward.seller.waitHold(hash, patience())
    return ward.seller.settle(preimage)
  })
  const [end, settled] = await Promise.all([paying, selling])
  if (settled !== 'settled') throw new Error(`the seller has ${settled}`)
  return { end, preimage }
}

async function dieOnce(t: Test, ward: Ward, role: Role, death: Death): Promise<boolean> {
  const where = `${role} dies at operation ${death.operation} (${death.manner})`
  const disk = ward.disks[role]
  disk.arm(death)
  const { end, preimage } = await sell(ward)
  await ward.ready()
  const isPaid = end.status === 'paid' && equal(end.preimage, preimage)
  const channels = ward.town.hub.channels()
  if (!isPaid || channels.length !== 2)
    t.fail(`${where}: ${end.status}, ${channels.length} channels`)
  return disk.isDead
}

test('wallet ldk: dying at any disk operation of a sale loses no channel and no money', async (t) => {
  const ward = await Ward.build()
  const before = ward.seller.node.channels()[0]?.receivableMsat ?? 0n
  let sales = 0n
  let deaths = 0
  for (const role of ROLES)
    for (const manner of MANNERS) {
      let hasDied = true
      for (let operation = 1; hasDied; operation++) {
        hasDied = await dieOnce(t, ward, role, { operation, manner })
        // The last one is still armed: it would die in the next sale.
        ward.disks[role].arm({ operation: Number.POSITIVE_INFINITY, manner })
        sales += 1n
        if (hasDied) deaths += 1
        if (operation > OPERATIONS) return t.fail(`${role}: more than ${OPERATIONS} operations`)
      }
      t.pass(`${role}, ${manner}: survived`)
    }
  const after = ward.seller.node.channels()[0]?.receivableMsat ?? 0n
  t.equal(before - after, sales * PRICE_MSAT, `each of ${sales} sales was paid exactly once`)
  t.ok(deaths > 30, `${deaths} deaths`)
  await ward.close()
})
