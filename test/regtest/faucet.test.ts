import { statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { toHex } from '../../src/core/bytes.ts'
import { SUBSIDY_SAT } from '../../src/regtest/block.ts'
import { Chain } from '../../src/regtest/chain.ts'
import { Faucet, RESERVE_COINS } from '../../src/regtest/faucet.ts'
import { decodeTransaction } from '../../src/regtest/transaction.ts'
import { SCRIPT, whyRefused, withDirectory } from './coin.ts'

test('faucet: no coin leaves twice, also after a crash', (t) => {
  withDirectory((directory) => {
    const path = join(directory, 'faucet.json')
    const chain = new Chain(join(directory, 'blocks.dat'))
    const spent: string[] = []
    // Each faucet is dropped with its transactions unsent, as by kill -9.
    for (let run = 0; run < 2 * RESERVE_COINS; run++) {
      const faucet = new Faucet(chain, path)
      const { inputs, outputs } = decodeTransaction(faucet.fund(SCRIPT, 1_000_000n))
      if (outputs[0]?.amountSat !== 1_000_000n) t.fail('pays another amount')
      spent.push(...inputs.map(({ outpoint }) => outpoint))
    }
    t.equal(new Set(spent).size, spent.length)
    t.equal(statSync(path).mode & 0o777, 0o600)
    chain.close()
  })
  t.end()
})

test('faucet: its change can be spent again, and what is too much is refused', (t) => {
  withDirectory((directory) => {
    const chain = new Chain(join(directory, 'blocks.dat'))
    const faucet = new Faucet(chain, join(directory, 'faucet.json'))
    for (let i = 0; i < 3 * RESERVE_COINS; i++) {
      chain.accept(faucet.fund(SCRIPT, 16_000_000n))
      chain.mine(1)
    }
    const left = [...chain.coins.all()].filter(
      ({ script }) => toHex(script) === toHex(faucet.script),
    )
    t.equal(left.length, RESERVE_COINS, 'no coin was lost on the way')
    t.match(
      whyRefused(() => faucet.fund(SCRIPT, SUBSIDY_SAT)),
      /faucet/,
    )
    chain.close()
  })
  t.end()
})
