/**
 * A buyer in a process of its own, to be killed: pays one invoice over a served ledger.
 * Arguments: address, node secret (hex), invoice.
 * @module
 */
import { fromHex } from '../../src/core/bytes.ts'
import { openLedgerWallet } from '../../src/wallet/ledger-client.ts'

const [address = '', secret = '', invoice = ''] = process.argv.slice(2)
const wallet = await openLedgerWallet(address, { nodeSecret: fromHex(secret, 32) })
const expiryLimitHeight = (await wallet.height()) + 150
const request = { invoice, feeLimitMsat: 10_000n, expiryLimitHeight }
const payment = await wallet.pay(request, new AbortController().signal)
process.stdout.write(payment.status)
await wallet.close()
