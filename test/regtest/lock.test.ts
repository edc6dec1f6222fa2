import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { claimLock, lockOwner, type Owner } from '../../src/regtest/lock.ts'
import { RegtestService } from '../../src/regtest/service.ts'

interface Claimant {
  readonly owner: Owner
  readonly service: RegtestService
}

async function claimant(): Promise<Claimant> {
  const options = { token: 'ab', port: 0, idleMs: 1e6, canMine: false, onLeave: () => {} }
  const service = await RegtestService.listen(options)
  return { service, owner: { pid: process.pid, port: service.port, instance: service.instance } }
}

function directoryFor(t: test.Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'lnt-lock-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  return directory
}

test('lock: of many who claim at once one has it, round after round', async (t) => {
  const directory = directoryFor(t)
  for (let round = 0; round < 5; round++) {
    const claimants = await Promise.all(Array.from({ length: 8 }, claimant))
    const won = await Promise.all(claimants.map(({ owner }) => claimLock(directory, owner)))
    t.equal(won.filter(Boolean).length, 1, `round ${round}`)
    t.deepEqual(await lockOwner(directory), claimants[won.indexOf(true)]?.owner)
    await Promise.all(claimants.map(({ service }) => service.close()))
    t.equal(await lockOwner(directory), undefined, 'free once its port is closed')
  }
  t.equal(readdirSync(directory).length, 1, 'old locks are swept')
})

test('lock: a claimant that is late finds the gap that was swept, and yields', async (t) => {
  const directory = directoryFor(t)
  const [holder, late] = await Promise.all([claimant(), claimant()])
  writeFileSync(join(directory, 'lock.7'), JSON.stringify(holder.owner))
  t.equal(await claimLock(directory, late.owner), false)
  await holder.service.close()
  t.equal(await claimLock(directory, late.owner), true)
  t.deepEqual(readdirSync(directory), ['lock.8'])
  await late.service.close()
})

test('lock: a damaged one, a dead process and a stranger on its port are free', async (t) => {
  const directory = directoryFor(t)
  const stranger = createServer((socket) => socket.end('SSH-2.0-x\r\n'))
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  const address = stranger.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const instance = 'ab'
  const stale = [
    '',
    '{"pid":',
    { pid: 2 ** 30, port, instance },
    { pid: process.pid, port, instance },
  ]
  for (const [i, text] of stale.entries()) {
    const json = typeof text === 'string' ? text : JSON.stringify(text)
    writeFileSync(join(directory, `lock.${10 * (i + 1)}`), json)
    t.equal(await lockOwner(directory), undefined)
    const next = await claimant()
    t.equal(await claimLock(directory, next.owner), true, json)
    await next.service.close()
  }
  stranger.close()
})
