/**
 * Which bitcoin network a wallet is on, in the words of the wire (docs/protocol.md §8).
 * @module
 */

/** Networks by the word that `lnt.net` carries. `regtest` is play money. */
export const NETWORKS = ['regtest', 'signet', 'testnet', 'bitcoin'] as const

/** One of {@link NETWORKS}. */
export type Network = (typeof NETWORKS)[number]
