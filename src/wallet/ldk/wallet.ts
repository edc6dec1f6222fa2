/**
 * The embedded node as a wallet: what the market asks for, answered by LDK (src/wallet/wallet.ts).
 * @module
 */
import { equal } from '../../core/bytes.ts'
import { LntError } from '../../core/errors.ts'
import type {
  Capabilities,
  Hold,
  HoldRequest,
  Liquidity,
  Payment,
  PayRequest,
  Tracked,
  Wallet,
} from '../wallet.ts'
import { Holds } from './holds.ts'
import { crash, LdkNode, type NodeOptions } from './node.ts'
import { Payments } from './payments.ts'

/** A wallet whose node runs in this process, on the play-money chain. */
export class LdkWallet implements Wallet {
  readonly can: Capabilities = {
    canHold: true,
    canHoldForeignHash: true,
    canReuseHash: true,
    canLimitCltv: true,
    canLimitFee: true,
  }
  readonly network = 'regtest'
  /** The node under it: for whoever connects and funds it. */
  readonly node: LdkNode
  readonly #holds: Holds
  readonly #payments: Payments

  private constructor(node: LdkNode, holds: Holds, payments: Payments) {
    this.node = node
    this.#holds = holds
    this.#payments = payments
  }

  /**
   * Opens the wallet in a directory. It connects to nobody: see {@link LdkNode.connect}.
   * @throws LntError `WRONG_CHAIN`, `BAD_JOURNAL`, `FILE_SYSTEM`
   */
  static async open(options: NodeOptions): Promise<LdkWallet> {
    const made = Promise.withResolvers<[Holds, Payments]>()
    const onFailure = (error: LntError): void => {
      void made.promise.then(([holds, payments]) => {
        holds.close(error)
        payments.close(error)
      })
      ;(options.onFailure ?? crash)(error)
    }
    const node = await LdkNode.open({ ...options, onFailure }, (opened) => {
      const holds = new Holds(opened)
      const payments = new Payments(opened)
      made.resolve([holds, payments])
      return [(event) => holds.handle(event), (event) => payments.handle(event)]
    })
    const [holds, payments] = await made.promise
    payments.reconcile()
    return new LdkWallet(node, holds, payments)
  }

  get nodeId(): Uint8Array {
    return this.node.nodeId
  }

  height(): Promise<number> {
    return Promise.resolve(this.node.height())
  }

  liquidity(): Promise<Liquidity> {
    const channels = this.node.channels()
    return Promise.resolve({
      sendableMsat: channels.reduce((sum, { sendableMsat }) => sum + sendableMsat, 0n),
      receivableMsat: channels.reduce((sum, { receivableMsat }) => sum + receivableMsat, 0n),
    })
  }

  hold(request: HoldRequest): Promise<string> {
    return this.#holds.offer(request)
  }

  async lookupHold(hash: Uint8Array): Promise<Hold> {
    await this.node.committed()
    return this.#holds.lookup(hash)
  }

  waitHold(hash: Uint8Array, signal: AbortSignal): Promise<Hold> {
    return this.#holds.wait(hash, signal)
  }

  settle(preimage: Uint8Array): Promise<'settled' | 'gone'> {
    return this.#holds.settle(preimage)
  }

  cancel(hash: Uint8Array): Promise<'cancelled' | 'settled'> {
    return this.#holds.cancel(hash)
  }

  pay(request: PayRequest, signal: AbortSignal): Promise<Payment> {
    return this.#payments.pay(request, signal)
  }

  async track(hash: Uint8Array): Promise<Tracked> {
    await this.node.committed()
    return this.#payments.track(hash)
  }

  async isQuiet(hash: Uint8Array): Promise<boolean> {
    await this.node.committed()
    const channels = this.node.channels()
    return (
      !this.#payments.isPending(hash) &&
      !this.node.isForceClosing() &&
      channels.every(({ isUsable, isClosing }) => isUsable && !isClosing) &&
      !channels.some(({ outgoing }) => outgoing.some((other) => equal(other, hash)))
    )
  }

  async close(): Promise<void> {
    await this.node.close()
    const error = new LntError({ code: 'WALLET_UNAVAILABLE', why: 'the wallet was closed' })
    this.#holds.close(error)
    this.#payments.close(error)
  }
}
