/**
 * A process that opens a seller's wallet, offers for a hash, says the invoice, then that it is held, and stays.
 * @module
 */
import { fromHex } from '../../src/core/bytes.ts'
import { openRegtestWallet } from '../../src/regtest/wallet.ts'
import { offer, PATIENCE_MS } from './town.ts'

const [, , dataDir = '', walletDir = '', hashHex = ''] = process.argv
const wallet = await openRegtestWallet({ dataDir, walletDir, role: 'seller', canMine: true })
const hash = fromHex(hashHex, 32)
console.log(await offer(wallet, hash, 7000n))
console.log((await wallet.waitHold(hash, AbortSignal.timeout(PATIENCE_MS))).status)
