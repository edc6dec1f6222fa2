import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RawTx } from '@scure/btc-signer'
import fc from 'fast-check'
import test from 'tape'
import { toHex } from '../../src/core/bytes.ts'
import { hasCode } from '../../src/core/errors.ts'
import { decodeBlock, GENESIS_HASH, SUBSIDY_SAT } from '../../src/regtest/block.ts'
import { Chain } from '../../src/regtest/chain.ts'
import type { Coin } from '../../src/regtest/coins.ts'
import { decodeTransaction, displayOf } from '../../src/regtest/transaction.ts'
import { SCRIPT, spend, whyRefused, withDirectory } from './coin.ts'

function firstCoin(chain: Chain): Coin {
  const [coin] = [...chain.coins.all()]
  if (!coin) throw new Error('no coin')
  return coin
}

/** A chain with one coin of ours that can be spent. */
function ripe(directory: string): { chain: Chain; coin: Coin; path: string } {
  const path = join(directory, 'blocks.dat')
  const chain = new Chain(path)
  chain.mine(1, SCRIPT)
  chain.mine(99)
  return { chain, coin: firstCoin(chain), path }
}

function stateOf(chain: Chain): unknown {
  const coins = [...chain.coins.all()].map((coin) => ({ ...coin, script: toHex(coin.script) }))
  const blocks = Array.from({ length: chain.height }, (_, i) => toHex(chain.block(i + 1).raw))
  return { id: chain.chainId, tip: chain.tipNow(), coins, blocks, waiting: chain.mempool.size }
}

test('chain: what is reloaded equals what was, waiting transactions too', (t) => {
  withDirectory((directory) => {
    const { chain, coin, path } = ripe(directory)
    chain.accept(spend(coin, 1000n))
    chain.mine(3, SCRIPT)
    chain.accept(
      spend(
        {
          ...coin,
          outpoint: `${[...chain.coins.all()].find(({ amountSat }) => amountSat === 1000n)?.outpoint}`,
          amountSat: 1000n,
        },
        600n,
      ),
    )
    const before = stateOf(chain)
    chain.close()
    const again = new Chain(path)
    t.deepEqual(stateOf(again), before)
    t.equal(again.mempool.size, 1, 'the waiting one waits')
    again.mine(1)
    t.equal(again.mempool.size, 0)
    again.close()
  })
  t.end()
})

test('chain: a record cut short anywhere is repaired to the one before', (t) => {
  withDirectory((directory) => {
    const path = join(directory, 'blocks.dat')
    const chain = new Chain(path)
    chain.mine(2)
    const whole = statSync(path).size
    const before = stateOf(chain)
    chain.mine(1)
    chain.close()
    const bytes = readFileSync(path)
    for (let size = whole; size < bytes.length; size++) {
      writeFileSync(path, bytes.subarray(0, size))
      const repaired = new Chain(path)
      if (size % 40 === 0 || size === bytes.length - 1)
        t.deepEqual(stateOf(repaired), before, `${size} bytes`)
      else if (repaired.height !== 3) t.fail(`${size} bytes give height ${repaired.height}`)
      repaired.mine(1)
      repaired.close()
      const after = new Chain(path)
      if (after.height !== 4) t.fail('cannot go on')
      after.close()
    }
  })
  t.end()
})

test('chain: a tail of zeros is repaired, damage before the end is refused and left alone', (t) => {
  withDirectory((directory) => {
    const path = join(directory, 'blocks.dat')
    const chain = new Chain(path)
    chain.mine(5)
    const before = stateOf(chain)
    chain.close()
    appendFileSync(path, new Uint8Array(5000))
    const repaired = new Chain(path)
    t.deepEqual(stateOf(repaired), before)
    repaired.close()
    const bytes = readFileSync(path)
    // Every byte of the first records, so also lengths that then reach past the end.
    for (let at = 0; at < 500; at++) {
      const bent = Uint8Array.from(bytes)
      bent[at] = (bent[at] ?? 0) ^ 0x11
      writeFileSync(path, bent)
      const why = whyRefused(() => new Chain(path))
      if (!/damaged/.test(why)) t.fail(`byte ${at}: ${why}`)
      if (!readFileSync(path).equals(bent)) t.fail(`byte ${at}: the file was changed`)
    }
    truncateSync(path, 0)
    const fresh = new Chain(path)
    t.notEqual(fresh.chainId, chain.chainId, 'every new chain has its own id')
    fresh.close()
  })
  t.end()
})

test('chain: headers have proof of work, name their parent and their transactions', (t) => {
  withDirectory((directory) => {
    const { chain, coin } = ripe(directory)
    chain.accept(spend(coin, 5n))
    chain.mine(1)
    let parent = GENESIS_HASH
    for (let height = 1; height <= chain.height; height++) {
      const block = decodeBlock(chain.block(height).raw)
      if (toHex(block.previousHash) !== toHex(parent)) t.fail(`block ${height} has another parent`)
      parent = block.hash
    }
    t.equal(
      displayOf(GENESIS_HASH),
      '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
    )
    t.equal(toHex(parent), toHex(chain.tipNow().hash))
    const last = chain.block(chain.height).raw
    for (const at of [40, last.length - 1]) {
      const bent = Uint8Array.from(last)
      bent[at] = (bent[at] ?? 0) ^ 1
      t.match(
        whyRefused(() => void decodeBlock(bent)),
        /damaged|malformed/,
        `byte ${at}`,
      )
    }
    const nonces = Array.from({ length: 64 }, (_, nonce) => {
      const bent = Uint8Array.from(last)
      bent[79] = nonce
      return whyRefused(() => void decodeBlock(bent))
    })
    t.ok(
      nonces.some((why) => /no proof of work/.test(why)),
      'work is checked',
    )
    chain.close()
  })
  t.end()
})

test('chain: refuses double spends, strange coins, new money and green coinbases', (t) => {
  withDirectory((directory) => {
    const chain = new Chain(join(directory, 'blocks.dat'))
    chain.mine(1, SCRIPT)
    chain.mine(98)
    const coin = firstCoin(chain)
    t.match(
      whyRefused(() => chain.accept(spend(coin, 1n))),
      /not mature/,
    )
    chain.mine(1)
    const rich = { ...coin, amountSat: 2n * SUBSIDY_SAT }
    t.match(
      whyRefused(() => chain.accept(spend(rich, SUBSIDY_SAT + 1n))),
      /more than it spends/,
    )
    const outpoint = `${'ab'.repeat(32)}:0`
    t.match(
      whyRefused(() => chain.accept(spend({ ...coin, outpoint }, 1n))),
      /no coin/,
    )
    const first = spend(coin, 1000n)
    const id = chain.accept(first)
    t.equal(chain.accept(first), id, 'a known one changes nothing')
    t.equal(chain.mempool.size, 1)
    t.match(
      whyRefused(() => chain.accept(spend(coin, 999n))),
      /spent by another/,
    )
    const child = { outpoint: `${id}:0`, amountSat: 1000n, script: SCRIPT }
    chain.accept(spend(child, 900n))
    chain.mine(1, SCRIPT)
    t.equal(chain.accept(first), id, 'a confirmed one changes nothing')
    t.match(
      whyRefused(() => chain.accept(spend(coin, 998n))),
      /no coin/,
    )
    const total = [...chain.coins.all()].reduce((sum, { amountSat }) => sum + amountSat, 0n)
    t.equal(total, 2n * SUBSIDY_SAT, 'fees go to the miner: no money is made or lost')
    chain.close()
  })
  t.end()
})

test('chain: lock times, absolute and relative, are kept', (t) => {
  withDirectory((directory) => {
    const { chain, coin } = ripe(directory)
    const locked = spend(coin, 1n, { lockTime: chain.height + 2, sequence: 0xfffffffe })
    t.match(
      whyRefused(() => chain.accept(locked)),
      /lock time/,
    )
    chain.mine(2)
    chain.accept(spend(coin, 5000n))
    chain.mine(1)
    const child = [...chain.coins.all()].find(({ amountSat }) => amountSat === 5000n)
    if (!child) throw new Error('no child')
    const relative = spend(child, 1n, { sequence: 3 })
    t.match(
      whyRefused(() => chain.accept(relative)),
      /relative lock time/,
    )
    chain.mine(2)
    t.doesNotThrow(() => chain.accept(relative))
    chain.close()
  })
  t.end()
})

test('chain: any bytes are a transaction or refused', (t) => {
  const valid = spend({ outpoint: `${'cd'.repeat(32)}:1`, amountSat: 10n, script: SCRIPT }, 5n)
  const bent = fc
    .tuple(fc.nat(valid.length - 1), fc.integer({ min: 1, max: 255 }))
    .map(([at, by]) => valid.map((byte, i) => (i === at ? byte ^ by : byte)))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), bent), (bytes) => {
      try {
        return toHex(decodeTransaction(bytes).raw) === toHex(bytes)
      } catch (err) {
        return hasCode(err, 'REGTEST_FAILED')
      }
    }),
    { numRuns: 3000 },
  )
  const long = RawTx.encode({
    ...RawTx.decode(valid),
    outputs: [{ amount: 1n, script: new Uint8Array(100_000) }],
  })
  t.match(
    whyRefused(() => void decodeTransaction(long)),
    /too long/,
  )
  t.end()
})

test('chain: a full mempool refuses, and a block empties it', (t) => {
  withDirectory((directory) => {
    const chain = new Chain(join(directory, 'blocks.dat'))
    chain.mine(20, SCRIPT)
    chain.mine(100)
    const bulky = [...chain.coins.all()].map((coin) => {
      const small = RawTx.decode(spend(coin, 1n))
      const output = { amount: 1n, script: new Uint8Array(90_000).fill(0x6a) }
      return RawTx.encode({ ...small, outputs: [output] })
    })
    const answers = bulky.map((raw) => whyRefused(() => chain.accept(raw)))
    t.equal(answers.filter((answer) => answer === 'taken').length, 11)
    t.match(answers.at(-1) ?? '', /mempool is full/)
    chain.mine(1)
    t.equal(
      whyRefused(() => chain.accept(bulky.at(-1) ?? new Uint8Array())),
      'taken',
    )
    chain.close()
  })
  t.end()
})

test('chain: time moves on, and many blocks at once do not run ahead of it', (t) => {
  withDirectory((directory) => {
    const nowMs = 1_800_000_000_000
    const chain = new Chain(join(directory, 'blocks.dat'), () => nowMs)
    chain.mine(500)
    t.ok(chain.tipNow().timeSeconds <= nowMs / 1000 + 500)
    const times = Array.from(
      { length: chain.height },
      (_, i) => decodeBlock(chain.block(i + 1).raw).timeSeconds,
    )
    t.ok(
      times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0)),
      'each after the last',
    )
    chain.close()
  })
  t.end()
})
