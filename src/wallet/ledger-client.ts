/**
 * Opens a wallet by its `ledger:` address: in this process, or over TCP.
 * @module
 */
import { toHex } from '../core/bytes.ts'
import { hasCode, LntError } from '../core/errors.ts'
import { NETWORKS, type Network } from '../core/network.ts'
import { parseInvoice } from './invoice.ts'
import { LedgerHub, type PlayWallet } from './ledger-hub.ts'
import { LedgerLink } from './ledger-link.ts'
import type { Reader } from './ledger-wire.ts'
import type {
  Capabilities,
  Hold,
  HoldRequest,
  Liquidity,
  Payment,
  PayRequest,
  Tracked,
} from './wallet.ts'

/** 21 million bitcoin. */
const MAX_MSAT = 2_100_000_000_000_000_000n

/** Who opens the wallet. */
export interface LedgerWalletDraft {
  /** secp256k1 secret key of the node, 32 bytes: the same one finds the same holds and payments. */
  readonly nodeSecret: Uint8Array
}

/** The ledger of this process, made when it is first asked for. */
let ownHub: LedgerHub | undefined

/**
 * Opens a wallet. `ledger:` is a network inside this process, `ledger://127.0.0.1:PORT` a served one.
 * A new node has no channel yet: `fund` it.
 * @throws {@link LntError} `UNKNOWN_WALLET`, `WALLET_UNAVAILABLE`, `BAD_INPUT`
 */
export async function openLedgerWallet(
  address: string,
  { nodeSecret }: LedgerWalletDraft,
): Promise<PlayWallet> {
  if (address === 'ledger:') {
    ownHub ??= new LedgerHub({ clockSeconds: () => Math.floor(Date.now() / 1000) })
    return ownHub.wallet(ownHub.join(nodeSecret))
  }
  const port = Number(/^ledger:\/\/127\.0\.0\.1:([1-9][0-9]{0,4})$/.exec(address)?.[1])
  if (!(port <= 65_535)) throw new LntError({ code: 'UNKNOWN_WALLET', address })
  const { link, reply } = await LedgerLink.open(port, { do: 'hello', secret: nodeSecret })
  try {
    return new LedgerClient(link, reply.object('ok'))
  } catch (cause) {
    // A link that is left open would go on connecting for ever.
    await link.close()
    throw new LntError({ code: 'WALLET_UNAVAILABLE', why: 'no ledger answers there' }, { cause })
  }
}

/** A wallet whose node lives in another process. */
class LedgerClient implements PlayWallet {
  readonly can: Capabilities
  readonly network: Network
  readonly nodeId: Uint8Array
  readonly #link: LedgerLink

  constructor(link: LedgerLink, hello: Reader) {
    this.#link = link
    this.nodeId = hello.bytes('nodeId', 33)
    this.network = hello.choice('network', NETWORKS)
    const can = hello.object('can')
    this.can = {
      canHold: can.flag('canHold'),
      canHoldForeignHash: can.flag('canHoldForeignHash'),
      canReuseHash: can.flag('canReuseHash'),
      canLimitCltv: can.flag('canLimitCltv'),
      canLimitFee: can.flag('canLimitFee'),
    }
  }

  async height(): Promise<number> {
    return (await this.#link.call({ do: 'height' }, true)).integer('ok', 0, 2 ** 31)
  }

  async liquidity(): Promise<Liquidity> {
    const ok = (await this.#link.call({ do: 'liquidity' }, true)).object('ok')
    return {
      sendableMsat: ok.msat('sendableMsat', MAX_MSAT),
      receivableMsat: ok.msat('receivableMsat', MAX_MSAT),
    }
  }

  async hold({ hash, amountMsat, descriptionHash, cltvDelta }: HoldRequest): Promise<string> {
    const request = { do: 'hold', hash, amountMsat, descriptionHash, cltvDelta }
    // Not repeated after a lost connection: the second would find the hash in use by the first.
    return (await this.#link.call(request, false)).text('ok')
  }

  async lookupHold(hash: Uint8Array): Promise<Hold> {
    return readHold((await this.#link.call({ do: 'lookupHold', hash }, true)).object('ok'))
  }

  async waitHold(hash: Uint8Array, signal: AbortSignal): Promise<Hold> {
    return readHold((await this.#link.call({ do: 'waitHold', hash }, true, signal)).object('ok'))
  }

  async settle(preimage: Uint8Array): Promise<'settled' | 'gone'> {
    if (preimage.length !== 32) throw new RangeError('a preimage has 32 bytes')
    const reply = await this.#link.call({ do: 'settle', preimage }, true)
    return reply.choice('ok', ['settled', 'gone'])
  }

  async cancel(hash: Uint8Array): Promise<'cancelled' | 'settled'> {
    const reply = await this.#link.call({ do: 'cancel', hash }, true)
    return reply.choice('ok', ['cancelled', 'settled'])
  }

  async pay(request: PayRequest, signal: AbortSignal): Promise<Payment> {
    const { invoice, feeLimitMsat, expiryLimitHeight } = request
    const { hash } = parseInvoice(invoice)
    try {
      // Sent again after a lost connection, it joins the payment that the first one began.
      const pay = { do: 'pay', invoice, feeLimitMsat, expiryLimitHeight }
      const reply = await this.#link.call(pay, true, signal)
      const payment = readTracked(reply.object('ok'))
      if (payment.status === 'paid' || payment.status === 'failed') return payment
      throw new Error(`no end but ${payment.status}`)
    } catch (cause) {
      if (hasCode(cause, 'PAYMENT_UNKNOWN') || hasCode(cause, 'BAD_INVOICE')) throw cause
      const why = 'the wait was ended'
      throw new LntError({ code: 'PAYMENT_UNKNOWN', hash: toHex(hash), why }, { cause })
    }
  }

  async track(hash: Uint8Array): Promise<Tracked> {
    return readTracked((await this.#link.call({ do: 'track', hash }, true)).object('ok'))
  }

  async isQuiet(hash: Uint8Array): Promise<boolean> {
    return (await this.#link.call({ do: 'isQuiet', hash }, true)).flag('ok')
  }

  async fund({ sendableMsat, receivableMsat }: Liquidity): Promise<void> {
    await this.#link.call({ do: 'fund', sendableMsat, receivableMsat }, false)
  }

  async mine(blocks: number): Promise<void> {
    await this.#link.call({ do: 'mine', blocks }, false)
  }

  async close(): Promise<void> {
    await this.#link.close()
  }
}

function readHold(hold: Reader): Hold {
  const status = hold.choice('status', ['open', 'held', 'settled', 'cancelled', 'none'])
  if (status !== 'held') return { status }
  const amountMsat = hold.msat('amountMsat', MAX_MSAT)
  return { status, amountMsat, expiryHeight: hold.integer('expiryHeight', 0, 2 ** 32) }
}

function readTracked(payment: Reader): Tracked {
  const status = payment.choice('status', ['paid', 'failed', 'pending', 'none'])
  if (status === 'failed') return { status, why: payment.text('why') }
  if (status !== 'paid') return { status }
  const preimage = payment.bytes('preimage', 32)
  return { status, preimage, feeMsat: payment.msat('feeMsat', MAX_MSAT) }
}
