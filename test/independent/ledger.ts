/**
 * A play-money ledger for the Python peer: prints its address, lives until its standard input ends.
 * @module
 */
import { LedgerHub } from '../../src/wallet/ledger-hub.ts'
import { serveLedger } from '../../src/wallet/ledger-service.ts'

const hub = new LedgerHub({ clockSeconds: () => Math.floor(Date.now() / 1000) })
const service = await serveLedger(hub)
process.stdout.write(`${service.address}\n`)
process.stdin.resume().on('end', () => void service.close())
