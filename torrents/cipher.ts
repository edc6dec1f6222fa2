/**
 * The cipher of a piece: AES-256-CTR from a zero counter, with random access (docs/protocol.md §3).
 * @module
 */
import { createCipheriv } from 'node:crypto'

const BLOCK_BYTES = 16

/**
 * Encrypts or decrypts a part of a piece: CTR does the same both ways.
 * @param key - the piece's cipher key, 32 bytes
 * @param bytes - the part
 * @param offsetBytes - where the part begins in its piece
 * @returns as many bytes
 */
export function applyCipher(key: Uint8Array, bytes: Uint8Array, offsetBytes = 0): Uint8Array {
  const counter = new Uint8Array(BLOCK_BYTES)
  new DataView(counter.buffer).setBigUint64(8, BigInt(Math.floor(offsetBytes / BLOCK_BYTES)))
  const cipher = createCipheriv('aes-256-ctr', key, counter)
  const skip = offsetBytes % BLOCK_BYTES
  if (skip > 0) cipher.update(new Uint8Array(skip))
  return cipher.update(bytes)
}
