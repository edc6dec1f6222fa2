/**
 * A wallet dies at every disk operation while a channel is opened to it: what becomes of that channel, it
 * neither looks like one that closes for ever nor floods the chain with what it refuses.
 * @module
 */
import test from 'tape'
import { CrashDisk } from './crash-disk.ts'
import { must, Town } from './ldk-town.ts'

/** Operations of one opening, write and sync each: there are no more than this (the test checks). */
const OPERATIONS = 16

test('ldk: a wallet that died while a channel was opened to it is quiet again', async (t) => {
  const town = await Town.build()
  t.teardown(() => town.close())
  let survived = 0
  let unfunded = 0
  for (let operation = 1; operation <= OPERATIONS; operation++) {
    const name = `wallet-${operation}`
    const disk = new CrashDisk()
    const died = Promise.withResolvers<void>()
    const first = await town.wallet(name, { disk, onFailure: () => died.resolve() })
    await must('connected', town.hub, () => town.hub.isConnected(first.nodeId))
    disk.arm({ operation, manner: 'done' })
    const opened = town.open(first).then(
      () => 'open',
      () => 'failed',
    )
    const end = await Promise.race([opened, died.promise])
    if (end === 'open') survived += 1
    await first.close()
    const refused: string[] = []
    const again = await town.wallet(name, { log: (line) => refused.push(line) })
    await must('connected', town.hub, () => town.hub.isConnected(again.nodeId))
    await town.open(again)
    const isSettled = () =>
      !again.node.isForceClosing() && again.node.channels().every(({ isUsable }) => isUsable)
    await must('every channel usable', again.node, isSettled)
    t.ok(await again.isQuiet(new Uint8Array(32)), `operation ${operation}`)
    const lines = refused.filter((line) => line.includes('did not take'))
    if (lines.length > 0) unfunded += 1
    t.ok(lines.length <= 2, 'one transaction is refused, not a flood')
    await again.close()
  }
  t.ok(survived > 0, `${OPERATIONS} operations are enough`)
  t.ok(unfunded > 0, 'one of them died between the two signatures')
})
