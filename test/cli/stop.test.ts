import test from 'tape'
import { stopSignal } from '../../src/cli/stop.ts'

test('stop: the first signal asks to close; the same one twice at once counts once', (t) => {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const before = names.map((name) => process.listeners(name).length)
  const signal = stopSignal()
  t.notOk(signal.aborted)
  process.emit('SIGINT')
  t.ok(signal.aborted, 'it is asked to close')
  process.emit('SIGINT')
  t.pass('the copy that the launcher passes on ends nothing')
  for (const name of names)
    process.removeListener(name, process.listeners(name).at(-1) ?? (() => {}))
  t.deepEqual(
    names.map((name) => process.listeners(name).length),
    before,
  )
  t.end()
})
