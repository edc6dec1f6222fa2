/**
 * Entry of the detached play-money process; `life.ts` starts it.
 * @module
 */
import { parseArgs } from 'node:util'
import { LntError } from '../core/errors.ts'
import { LOCK_TAKEN, runDaemon } from './daemon.ts'
import { writeLog } from './log.ts'

const STDERR = 2

const { values } = parseArgs({
  options: {
    directory: { type: 'string' },
    'idle-ms': { type: 'string' },
    'can-mine': { type: 'boolean', default: false },
  },
})

const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
process.on('SIGINT', () => stop.abort())
process.on('uncaughtException', (err) => {
  // What was foreseen is one sentence for the user; where it came from helps only with what was not.
  const text = err instanceof LntError ? err.message : (err.stack ?? err.message)
  writeLog(STDERR, `crashed: ${text}`)
  process.exit(1)
})

if (values.directory === undefined) throw new TypeError('no --directory')
const why = await runDaemon({
  directory: values.directory,
  // Loaded after the lock is ours: who loses it need not read 12 MB of WASM.
  openHub: async (options) => (await import('./hub.ts')).openHub(options),
  idleMs: Number(values['idle-ms']),
  canMine: values['can-mine'],
  signal: stop.signal,
  onLog: (line) => writeLog(STDERR, line),
})
process.exit(why === 'taken' ? LOCK_TAKEN : 0)
