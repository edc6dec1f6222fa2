import test from 'tape'
import { toHex } from '../../src/core/bytes.ts'
import { hasCode } from '../../src/core/errors.ts'
import { readServiceFile } from '../../src/regtest/address.ts'
import { joinRegtest, resetRegtest, stopRegtest } from '../../src/regtest/life.ts'
import { openRegtestWallet } from '../../src/regtest/wallet.ts'
import { Actor, pay, secret, sell, Town, until } from './town.ts'

test('wallet: viewer and seller trade through the hub at fee 0, the books balance', async (t) => {
  const town = new Town(t)
  const [viewer, seller] = await Promise.all([town.wallet('viewer'), town.wallet('seller')])
  const before = await Promise.all([viewer.liquidity(), seller.liquidity()])
  t.ok(before[0].sendableMsat >= 400_000_000n, 'a viewer can spend 400,000 sat')
  t.ok(before[1].receivableMsat >= 800_000_000n, 'a seller can earn 800,000 sat')
  for (let i = 0; i < 3; i++) t.deepEqual(await sell(seller, viewer, 5000n), ['paid', 'settled'])
  await until(async () => {
    const after = await Promise.all([viewer.liquidity(), seller.liquidity()])
    return (
      before[0].sendableMsat - after[0].sendableMsat === 15_000n &&
      after[1].sendableMsat - before[1].sendableMsat === 15_000n
    )
  })
  t.pass('what one paid the other got')
})

test('wallet: the service killed and stopped in the middle of sales loses no sale and no channel', async (t) => {
  const town = new Town(t)
  const [viewer, seller] = await Promise.all([town.wallet('viewer'), town.wallet('seller')])
  for (let round = 0; round < 3; round++)
    t.deepEqual(await sell(seller, viewer, 5000n, () => town.kill()), ['paid', 'settled'], 'killed')
  const restart = async () => {
    await stopRegtest(town.dataDir)
    await town.client()
  }
  t.deepEqual(await sell(seller, viewer, 5000n, restart), ['paid', 'settled'], 'stopped')
  const client = await town.client()
  await until(async () => (await client.status()).channels.every(({ isUsable }) => isUsable))
  t.equal((await client.status()).channels.length, 2, 'no channel was closed or opened anew')
})

test('wallet: a seller killed while it holds settles after its restart', async (t) => {
  const town = new Town(t)
  const viewer = await town.wallet('viewer')
  const { preimage, hash } = secret()
  const walletDir = town.walletDir('seller')
  const actor = new Actor(t, './holder.ts', town.dataDir, walletDir, toHex(hash))
  const paid = pay(viewer, await actor.hear())
  t.equal(await actor.hear(), 'held')
  await actor.kill('SIGKILL')
  const seller = await town.wallet('seller')
  t.equal((await seller.lookupHold(hash)).status, 'held')
  t.equal(await seller.settle(preimage), 'settled')
  const payment = await paid
  t.equal(payment.status === 'paid' && toHex(payment.preimage), toHex(preimage))
})

test('wallet: play money does not end', async (t) => {
  const town = new Town(t)
  const [viewer, seller] = await Promise.all([town.wallet('viewer'), town.wallet('seller')])
  for (let i = 0; i < 4; i++)
    t.deepEqual(await sell(seller, viewer, 110_000_000n), ['paid', 'settled'])
  await until(async () => (await viewer.liquidity()).sendableMsat > 900_000_000n)
  t.pass('the viewer got a larger channel')
  for (let i = 0; i < 4; i++)
    t.deepEqual(await sell(seller, viewer, 110_000_000n), ['paid', 'settled'])
  await until(async () => (await seller.liquidity()).receivableMsat > 1_500_000_000n)
  t.pass('so did the seller')
})

test('wallet: of another chain is WRONG_CHAIN, and reset names it', async (t) => {
  const town = new Town(t)
  await (await town.wallet('viewer')).close()
  await stopRegtest(town.dataDir)
  t.deepEqual((await resetRegtest(town.dataDir)).orphans, [town.walletDir('viewer')])
  await town.wallet('viewer').then(
    () => t.fail('should be refused'),
    (err: unknown) => t.ok(hasCode(err, 'WRONG_CHAIN'), String(err)),
  )
})

test('wallet: an address with a port finds the network, with a token, and starts none', async (t) => {
  const town = new Town(t)
  const codeOf = async (address: string) => {
    try {
      await (await town.wallet('viewer', address)).close()
      return 'opened'
    } catch (err) {
      return hasCode(err, 'UNKNOWN_WALLET') ||
        hasCode(err, 'REGTEST_FAILED') ||
        hasCode(err, 'WALLET_UNAVAILABLE')
        ? err.detail.code
        : String(err)
    }
  }
  t.equal(await codeOf('regtest://127.0.0.1:9'), 'REGTEST_FAILED', 'no token')
  for (const address of [
    'regtest://10.0.0.1:9',
    'regtest://127.0.0.1',
    'regtest://127.0.0.1:99999',
  ])
    t.equal(await codeOf(address), 'UNKNOWN_WALLET', address)
  ;(await town.client()).close()
  t.equal(await codeOf(`regtest://127.0.0.1:${readServiceFile(town.directory)?.port}`), 'opened')
  await stopRegtest(town.dataDir)
  const port = readServiceFile(town.directory)?.port
  t.equal(await codeOf(`regtest://127.0.0.1:${port}`), 'WALLET_UNAVAILABLE')
})

test('wallet: opening it ends when it is told to', async (t) => {
  const town = new Town(t)
  const { dataDir } = town
  ;(await joinRegtest({ dataDir })).close()
  const stop = new AbortController()
  const opening = openRegtestWallet({
    dataDir,
    walletDir: town.walletDir('viewer'),
    role: 'viewer',
    signal: stop.signal,
    onProgress: () => stop.abort(new Error('enough')),
  })
  await opening.then(
    () => t.fail('should end'),
    (err: unknown) => t.match(String(err), /enough/),
  )
  t.deepEqual(
    await sell(await town.wallet('seller'), await town.wallet('viewer'), 1000n),
    ['paid', 'settled'],
    'and can be opened again',
  )
})
