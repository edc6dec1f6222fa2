/**
 * The two hashes everything is made of: T and PRF (docs/protocol.md §1). Synchronous.
 * @module
 */
import { createHash, hash } from 'node:crypto'
import { createSHA256 } from 'hash-wasm'

/** Longest input that is hashed in one go from the scratch buffer; longer ones are streamed. */
const SCRATCH_BYTES = 1024
const scratch = new Uint8Array(SCRATCH_BYTES)

/** Block length of SHA-256, which HMAC pads its key to (RFC 2104). */
const BLOCK_BYTES = 64
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c

/** One-shot SHA-256 of a short input: OpenSSL's until {@link loadFastHash} found a faster one. */
let shortHash: (bytes: Uint8Array) => Uint8Array = (bytes) => hash('sha256', bytes, 'buffer')
let loading: Promise<void> | undefined

/**
 * Switches to the WASM hash: for inputs of 40 to 104 bytes it takes 0.6 to 0.9 µs where OpenSSL's
 * one-shot and noble take 1.2 to 2.5 µs. Worth its load of some ms only for sealing; results are the same.
 */
export async function loadFastHash(): Promise<void> {
  loading ??= createSHA256().then((wasm) => {
    shortHash = (bytes) => wasm.init().update(bytes).digest('binary')
  })
  await loading
}

/** SHA-256 of one short byte string, by the fastest hash there is: for bulk. */
export function sha256Short(bytes: Uint8Array): Uint8Array {
  return shortHash(bytes)
}

/** H: SHA-256 of the parts one after the other, 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  let at = 0
  for (const part of parts) {
    if (at + part.length > SCRATCH_BYTES) return streamed(parts)
    scratch.set(part, at)
    at += part.length
  }
  return shortHash(scratch.subarray(0, at))
}

function streamed(parts: readonly Uint8Array[]): Uint8Array {
  const digest = createHash('sha256')
  for (const part of parts) digest.update(part)
  return digest.digest()
}

/** SHA-1 of the raw info dict or of a piece, 20 bytes (BEP 3). */
export function sha1(bytes: Uint8Array): Uint8Array {
  return hash('sha1', bytes, 'buffer')
}

const tags = new Map<string, Uint8Array>()

/** Bytes of an ASCII tag, made once. */
export function ascii(tag: string): Uint8Array {
  let bytes = tags.get(tag)
  if (bytes === undefined) {
    bytes = new TextEncoder().encode(tag)
    tags.set(tag, bytes)
  }
  return bytes
}

/**
 * T(tag, x…) = H(tag ‖ x…).
 * @param tag - 8 ASCII characters
 */
export function T(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(ascii(tag), ...parts)
}

/**
 * PRF(key, m) = HMAC-SHA256(key, m) as RFC 2104 writes it out: createHmac costs 12 µs a call, this 2 to 4.
 * @param key - 32 bytes
 */
export function prf(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const inner = sha256(padded(key, INNER_PAD), ...parts)
  return sha256(padded(key, OUTER_PAD), inner)
}

function padded(key: Uint8Array, pad: number): Uint8Array {
  if (key.length > BLOCK_BYTES) throw new RangeError('prf: key longer than a block')
  const block = new Uint8Array(BLOCK_BYTES).fill(pad)
  for (const [i, byte] of key.entries()) block[i] = byte ^ pad
  return block
}
