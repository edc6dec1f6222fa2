/**
 * Ctrl-C: the first asks to close cleanly, a second one leaves at once.
 * @module
 */

/** A terminal and the launcher can both pass on one Ctrl-C: within this time it counts once, ms. */
const SAME_SIGNAL_MS = 300

/** A signal that aborts when the process is asked to end. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  let firstMs: number | undefined
  const stop = (): void => {
    if (firstMs === undefined) {
      firstMs = Date.now()
      controller.abort()
    } else if (Date.now() - firstMs > SAME_SIGNAL_MS) process.exit(130)
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop)
  // Whoever read our lines has gone (`| head`): nobody is left to tell.
  process.stdout.on('error', () => controller.abort())
  if (process.channel) {
    process.on('disconnect', stop)
    process.channel.unref()
  }
  return controller.signal
}
