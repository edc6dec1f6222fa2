/** Child process of damage.test.ts: buys and buys, and says each that is on disk, until it is ended. */
import { writeSync } from 'node:fs'
import { LntError } from '../../src/core/errors.ts'
import { openStore } from '../../src/store/store.ts'
import { buy } from './rows.ts'

const store = openStore(process.argv[2] ?? '')
try {
  for (let i = 0; ; i++) {
    buy(store, `purchase ${i}`, { span: 16 + i, invoice: 'lnbcrt1'.padEnd(1_000, 'q') })
    writeSync(1, `opened ${i}\n`)
  }
} catch (err) {
  if (!(err instanceof LntError) || err.detail.code !== 'FILE_SYSTEM') throw err
  writeSync(1, `FILE_SYSTEM ${err.detail.path}: ${err.detail.why}\n`)
}
