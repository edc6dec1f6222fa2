import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import { Chain } from '../../src/regtest/chain.ts'
import { regtestStatus, resetRegtest, stopRegtest } from '../../src/regtest/life.ts'
import { Actor, lives, Town, until } from './town.ts'

test('life: processes that start at once share one service; Ctrl-C in them does not end it', async (t) => {
  const town = new Town(t)
  const actors = Array.from({ length: 3 }, () => new Actor(t, './join.ts', town.dataDir))
  const heard = await Promise.all(actors.map((actor) => actor.hear()))
  t.equal(new Set(heard).size, 1, 'one pid, one chain')
  const { pid } = town
  t.ok(heard[0]?.startsWith(`${pid} `))
  for (const actor of actors) await actor.kill('SIGINT', true)
  t.equal((await regtestStatus(town.dataDir))?.pid, pid, 'it still serves')
  t.deepEqual(
    readdirSync(town.directory).filter((name) => statSync(join(town.directory, name)).mode & 0o77),
    [],
    'nobody else can read its files',
  )
})

test('life: stopped it stays down, and the same chain and hub come back', async (t) => {
  const town = new Town(t)
  t.equal(await regtestStatus(town.dataDir), undefined)
  t.equal(await stopRegtest(town.dataDir), false, 'there was none')
  const client = await town.client()
  await client.mine(5)
  const before = await client.status()
  t.equal(await stopRegtest(town.dataDir), true)
  // It has let go of its lock, and leaves within a moment.
  await until(async () => !lives(before.pid))
  t.equal(await regtestStatus(town.dataDir), undefined, 'a client that waits does not start it')
  const again = await town.client()
  const after = await again.status()
  t.equal(after.chainId, before.chainId)
  t.deepEqual(after.hub, before.hub)
  t.ok(after.height > before.height, 'a block at start')
  await until(async () => (await client.status()).clients === 2)
  t.pass('the old client is back too')
})

test('life: killed, its client starts it again with the same chain', async (t) => {
  const town = new Town(t)
  const client = await town.client()
  for (let round = 0; round < 3; round++) {
    await client.mine(2)
    const { height } = await client.tip()
    await town.kill()
    t.ok((await client.tip()).height >= height, 'no block was lost')
  }
  t.equal((await client.status()).chainId, client.chainId)
})

test('life: leaves when idle, and stale files do not hinder the next start', async (t) => {
  const town = new Town(t)
  const client = await town.client({ idleMs: 300 })
  const { pid } = await client.status()
  await client.tip()
  t.ok(lives(pid), 'stays while somebody is there')
  client.close()
  await until(() => !lives(pid))
  t.match(readFileSync(join(town.directory, 'regtest.log'), 'utf8'), /leaving: nobody was here/)
  const next = await town.client()
  t.equal(next.chainId, client.chainId)
  next.close()
  process.kill(town.pid, 'SIGKILL')
  const third = await town.client()
  t.equal(third.chainId, client.chainId, 'after a kill -9 with nobody there')
})

test('life: what does not start says why, with the end of its log', async (t) => {
  const town = new Town(t)
  mkdirSync(town.directory)
  const path = join(town.directory, 'blocks.dat')
  const chain = new Chain(path)
  chain.mine(10)
  chain.close()
  const bytes = readFileSync(path)
  bytes[300] = (bytes[300] ?? 0) ^ 1
  writeFileSync(path, bytes)
  await town.client().then(
    () => t.fail('should not start'),
    (err: unknown) =>
      t.match(
        hasCode(err, 'REGTEST_FAILED') ? err.detail.why : String(err),
        /blocks\.dat is damaged/,
      ),
  )
})

test('life: reset waits for stop, then forgets chain and hub', async (t) => {
  const town = new Town(t)
  t.deepEqual(await resetRegtest(town.dataDir), { had: false, orphans: [] })
  const client = await town.client()
  await resetRegtest(town.dataDir).then(
    () => t.fail('should refuse'),
    (err: unknown) => t.ok(hasCode(err, 'BAD_INPUT'), 'not while it runs'),
  )
  await stopRegtest(town.dataDir)
  t.equal((await resetRegtest(town.dataDir)).had, true)
  client.close()
  t.notEqual((await town.client()).chainId, client.chainId)
})
