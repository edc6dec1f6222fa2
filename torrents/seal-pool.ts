/**
 * Deals the jobs of sealing out to threads, one on each core (architecture: pieces are independent of each other).
 * @module
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type ErrorDetail, LntError } from '../src/core/errors.ts'
import { type SealedPart, Sealer, type SealJob, type SealPlan } from './seal-job.ts'

/** What a thread answers to a job. */
export type SealAnswer = { readonly part: SealedPart } | { readonly detail: ErrorDetail }

/** How jobs are run. */
export interface PoolOptions {
  /** Threads; 0 seals in this one, which is faster for a few MB. */
  readonly threads: number
  readonly signal?: AbortSignal | undefined
  /** Is told each part as it comes, in any order. */
  readonly onPart: (part: SealedPart) => void
}

/**
 * Runs all jobs.
 * @throws LntError `FILE_CHANGED`, `FILE_SYSTEM`; the signal's reason when aborted
 */
export async function runJobs(
  plan: SealPlan,
  jobs: readonly SealJob[],
  options: PoolOptions,
): Promise<void> {
  const queue = jobs.values()
  const threads = Math.min(options.threads, jobs.length)
  if (threads === 0) return await runHere(plan, queue, options)
  const crew = Array.from({ length: threads }, () => new Thread(plan))
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  try {
    await Promise.all(
      crew.map(async (thread) => {
        for (const job of queue) options.onPart(await thread.run(job, signal))
      }),
    )
  } finally {
    // The first that fails stops the others; their rejections belong to the same Promise.all.
    stop.abort()
    await Promise.all(crew.map((thread) => thread.close()))
  }
}

async function runHere(
  plan: SealPlan,
  queue: Iterable<SealJob>,
  { signal, onPart }: PoolOptions,
): Promise<void> {
  const sealer = await Sealer.start(plan)
  try {
    for (const job of queue) {
      signal?.throwIfAborted()
      onPart(sealer.run(job))
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    sealer.close()
  }
}

/** One worker thread, one job at a time. */
class Thread {
  readonly #worker: Worker

  constructor(plan: SealPlan) {
    // Not './seal-worker.ts': tsc does not rewrite it, and in dist it ends in .js.
    const url = new URL(`./seal-worker${extname(import.meta.url)}`, import.meta.url)
    this.#worker = new Worker(url, { workerData: plan })
  }

  async run(job: SealJob, signal: AbortSignal): Promise<SealedPart> {
    signal.throwIfAborted()
    const answer = await this.#ask(job, signal)
    if ('part' in answer) return answer.part
    throw new LntError(answer.detail)
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #ask(job: SealJob, signal: AbortSignal): Promise<SealAnswer> {
    return new Promise((resolve, reject) => {
      const answered = (answer: SealAnswer): void => settle(() => resolve(answer))
      const failed = (cause: unknown): void => settle(() => reject(cause))
      const ended = (code: number): void => failed(new Error(`seal-worker ended (${code})`))
      const aborted = (): void => failed(signal.reason)
      // One by one: removeAllListeners would also take those by which Node starts the port.
      const settle = (how: () => void): void => {
        this.#worker.off('message', answered).off('error', failed).off('exit', ended)
        signal.removeEventListener('abort', aborted)
        how()
      }
      this.#worker.on('message', answered).on('error', failed).on('exit', ended)
      signal.addEventListener('abort', aborted)
      this.#worker.postMessage(job)
    })
  }
}
