/**
 * What the detached service has to say: lines on its standard error, which is a file of bounded size.
 * @module
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Size at which the log begins anew. */
export const MAX_LOG_BYTES = 1_000_000

/** The log of a directory's service. */
export function logPath(directory: string): string {
  return join(directory, 'regtest.log')
}

/** Writes a line with the time to file descriptor `fd`; a file that has grown too long is emptied before. */
export function writeLog(fd: number, line: string): void {
  const stat = fstatSync(fd)
  if (stat.isFile() && stat.size > MAX_LOG_BYTES) ftruncateSync(fd)
  writeSync(fd, `${new Date().toISOString()} ${line}\n`)
}

/** What was written from byte `from` on, at most `maxBytes` of its end. */
export function logTail(directory: string, from: number, maxBytes = 2000): string {
  const fd = openSync(logPath(directory), 'r')
  try {
    const { size } = fstatSync(fd)
    const start = Math.max(size - maxBytes, from <= size ? from : 0)
    const bytes = new Uint8Array(size - start)
    const length = readSync(fd, bytes, 0, bytes.length, start)
    return new TextDecoder().decode(bytes.subarray(0, length)).trim()
  } finally {
    closeSync(fd)
  }
}
