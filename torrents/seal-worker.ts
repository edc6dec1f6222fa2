/**
 * A thread that seals: gets a plan, then jobs, answers each (seal-pool.ts).
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads'
import { LntError } from '../src/core/errors.ts'
import { Sealer, type SealJob, type SealPlan } from './seal-job.ts'
import type { SealAnswer } from './seal-pool.ts'

const plan: SealPlan = workerData
const port = parentPort
if (port === null) throw new Error('seal-worker: not a worker')

const sealer = await Sealer.start(plan)
port.on('message', (job: SealJob) => {
  port.postMessage(answer(job))
})

function answer(job: SealJob): SealAnswer {
  try {
    return { part: sealer.run(job) }
  } catch (err) {
    if (!(err instanceof LntError)) throw err
    // A structured clone keeps only name, message and stack of an error: the detail goes by itself.
    return { detail: err.detail }
  }
}
