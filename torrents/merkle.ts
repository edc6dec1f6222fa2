/**
 * Merkle paths and runs: sibling hashes bottom-up (docs/protocol.md §5).
 * @module
 */

/** Length of a hash, in bytes. */
export const HASH_BYTES = 32

/** How two children make a parent. */
export type Join = (left: Uint8Array, right: Uint8Array) => Uint8Array

/**
 * Folds a path: bit k of the index = 1 means that the own hash is the right child.
 * @param visit - is told each sibling and each parent on the way, with their heap numbers
 */
export function foldPath(
  hash: Uint8Array,
  node: number,
  path: Uint8Array,
  join: Join,
  visit?: (node: number, hash: Uint8Array) => void,
): Uint8Array {
  let own = hash
  let at = node
  for (let start = 0; start < path.length; start += HASH_BYTES) {
    const sibling = path.subarray(start, start + HASH_BYTES)
    visit?.(at ^ 1, sibling)
    own = at % 2 === 1 ? join(sibling, own) : join(own, sibling)
    at = Math.floor(at / 2)
    visit?.(at, own)
  }
  return own
}
