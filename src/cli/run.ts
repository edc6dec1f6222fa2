/**
 * Runs one command: its screen, its Ctrl-C, its error's sentence, its exit code.
 * @module
 */
import { openShow, type Show } from './show.ts'
import { stopSignal } from './stop.ts'

/** Exit code after Ctrl-C, as shells expect it. */
const INTERRUPTED = 130

/** What a command does; a returned number is its exit code. */
export type Work = (show: Show, signal: AbortSignal) => Promise<number | undefined | void>

/** Runs `work` and sets the exit code: 0 done, 2 the user's mistake, 1 ours, 130 after Ctrl-C. */
export async function run(flags: { readonly json?: boolean }, work: Work): Promise<void> {
  const show = openShow({ json: flags.json ?? false })
  const signal = stopSignal()
  try {
    const code = await work(show, signal)
    process.exitCode = code ?? (signal.aborted ? INTERRUPTED : 0)
  } catch (err) {
    process.exitCode = signal.aborted && isAbort(err) ? INTERRUPTED : show.fault(err)
  } finally {
    show.end()
  }
  // Whatever a dependency forgot to close must not keep a finished command alive.
  setTimeout(() => process.exit(), 2_000).unref()
}

function isAbort(err: unknown): boolean {
  return (
    err instanceof Error &&
    (err.name === 'AbortError' || ('code' in err && err.code === 'ABORT_ERR'))
  )
}
