/**
 * The thread that piece-opener.ts starts.
 * @module
 */
import { parentPort } from 'node:worker_threads'
import { LntError } from '../src/core/errors.ts'
import { type OpenAnswer, type OpenJob, openNow } from './piece-opener.ts'

parentPort?.on('message', ({ id, pt, leaf, ciphertext }: OpenJob) => {
  try {
    const plaintext = openNow(pt, leaf, ciphertext)
    answer({ id, plaintext }, plaintext.buffer)
  } catch (err) {
    if (!(err instanceof LntError)) throw err
    answer({ id, detail: err.detail })
  }
})

function answer(message: OpenAnswer, buffer?: ArrayBufferLike): void {
  // Only a buffer of its own can move; one from Node's pool is copied.
  const isOwn = buffer instanceof ArrayBuffer && 'plaintext' in message
  const moves = isOwn && buffer.byteLength === message.plaintext.length ? [buffer] : []
  parentPort?.postMessage(message, moves)
}
