/**
 * The wallet of one node of the ledger. It keeps nothing: a wallet that was killed is opened again.
 * @module
 */
import { toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Network } from '../core/network.ts'
import { encodeInvoice, type Invoice, parseInvoice } from './invoice.ts'
import type { Ledger } from './ledger.ts'
import type { LedgerNode } from './ledger-node.ts'
import { whenChanged } from './ledger-watch.ts'
import type {
  Capabilities,
  Hold,
  HoldRequest,
  Liquidity,
  Payment,
  PayRequest,
  Tracked,
  Wallet,
} from './wallet.ts'

/** A year: an invoice of ours ends by `cancel`, not by its date. */
const VALID_SECONDS = 31_536_000

/** What a wallet stands on. */
export interface LedgerWalletOptions {
  readonly ledger: Ledger
  readonly node: LedgerNode
  /** Unix seconds, for the dates of invoices. */
  readonly clockSeconds: () => number
  /** Network that its invoices are for; `regtest` if absent. */
  readonly network?: Network
}

/** A wallet in memory. Also what the ledger's service runs for each client. */
export class LedgerWallet implements Wallet {
  readonly can: Capabilities
  readonly network: Network
  readonly nodeId: Uint8Array
  readonly #ledger: Ledger
  readonly #node: LedgerNode
  readonly #clockSeconds: () => number
  readonly #closing = new AbortController()

  constructor({ ledger, node, clockSeconds, network = 'regtest' }: LedgerWalletOptions) {
    this.#ledger = ledger
    this.#node = node
    this.#clockSeconds = clockSeconds
    this.can = node.can
    this.network = network
    this.nodeId = node.id
  }

  async height(): Promise<number> {
    this.#check()
    return this.#ledger.height
  }

  async liquidity(): Promise<Liquidity> {
    this.#check()
    return this.#node.liquidity()
  }

  async hold(request: HoldRequest): Promise<string> {
    this.#check()
    const { hash, descriptionHash, amountMsat, cltvDelta } = request
    if (hash.length !== 32 || descriptionHash.length !== 32 || amountMsat < 1n || cltvDelta < 1)
      throw new RangeError('hold request')
    const paymentSecret = this.#node.holds.open(request)
    const draft = {
      ...request,
      network: this.network,
      paymentSecret,
      createdAtSeconds: this.#clockSeconds(),
      validSeconds: VALID_SECONDS,
    }
    return encodeInvoice(draft, this.#node.secretKey)
  }

  async lookupHold(hash: Uint8Array): Promise<Hold> {
    this.#check()
    return this.#node.holds.lookup(hash)
  }

  async waitHold(hash: Uint8Array, signal: AbortSignal): Promise<Hold> {
    this.#check()
    const { holds } = this.#node
    const notOpen = (): Hold | undefined => {
      const hold = holds.lookup(hash)
      return hold.status === 'open' ? undefined : hold
    }
    const watch = (onChange: () => void): (() => void) => holds.watch(hash, onChange)
    return whenChanged(watch, notOpen, AbortSignal.any([signal, this.#closing.signal]))
  }

  async settle(preimage: Uint8Array): Promise<'settled' | 'gone'> {
    this.#check()
    if (preimage.length !== 32) throw new RangeError('a preimage has 32 bytes')
    return this.#node.holds.settle(preimage)
  }

  async cancel(hash: Uint8Array): Promise<'cancelled' | 'settled'> {
    this.#check()
    return this.#node.holds.cancel(hash)
  }

  async pay(request: PayRequest, signal: AbortSignal): Promise<Payment> {
    this.#check()
    const invoice = parseInvoice(request.invoice)
    const { hash } = invoice
    // Nothing has been sent, but the caller learns only what it may always learn from an abort.
    if (signal.aborted) throw unknown(hash, 'aborted')
    const now = this.#start(invoice, request)
    if (this.#node.unknownPays > 0) {
      this.#node.unknownPays -= 1
      throw unknown(hash, 'the connection broke')
    }
    if (now.status === 'paid' || now.status === 'failed') return now
    return this.#ended(hash, AbortSignal.any([signal, this.#closing.signal]))
  }

  async track(hash: Uint8Array): Promise<Tracked> {
    this.#check()
    return this.#node.payments.track(hash)
  }

  async isQuiet(hash: Uint8Array): Promise<boolean> {
    this.#check()
    return this.#node.isQuiet(hash)
  }

  async close(): Promise<void> {
    this.#closing.abort(new LntError({ code: 'WALLET_UNAVAILABLE', why: 'closed' }))
  }

  #check(): void {
    this.#closing.signal.throwIfAborted()
  }

  /** Sends the payment, unless its hash was paid, is on its way, or it cannot be paid at all. */
  #start(invoice: Invoice, { feeLimitMsat, expiryLimitHeight }: PayRequest): Tracked {
    const { payments } = this.#node
    const payee = this.#ledger.node(invoice.payee)
    if (invoice.network !== this.network) return payments.refuse(invoice.hash, 'other network')
    if (payee === undefined) return payments.refuse(invoice.hash, 'unknown payee')
    if (invoice.expiresAtSeconds <= this.#clockSeconds())
      return payments.refuse(invoice.hash, 'invoice expired')
    return payments.pay({ ...invoice, payee, feeLimitMsat, expiryLimitHeight })
  }

  async #ended(hash: Uint8Array, signal: AbortSignal): Promise<Payment> {
    const { payments } = this.#node
    const end = (): Payment | undefined => {
      const now = payments.track(hash)
      return now.status === 'paid' || now.status === 'failed' ? now : undefined
    }
    try {
      return await whenChanged((onChange) => payments.watch(hash, onChange), end, signal)
    } catch (cause) {
      throw unknown(hash, 'the wait was ended', cause)
    }
  }
}

function unknown(hash: Uint8Array, why: string, cause?: unknown): LntError {
  return new LntError({ code: 'PAYMENT_UNKNOWN', hash: toHex(hash), why }, { cause })
}
