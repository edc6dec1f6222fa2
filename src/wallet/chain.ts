/**
 * Where the embedded node gets its blocks from: the play-money chain stands behind this.
 * @module
 */

/** One block of the chain. */
export interface Block {
  readonly height: number
  /** Whole block in consensus encoding. */
  readonly raw: Uint8Array
}

/** The best block, as a new node needs it. */
export interface Tip {
  readonly height: number
  /** Block hash in internal (not display) byte order, 32 bytes. */
  readonly hash: Uint8Array
  /** Block time, unix seconds. */
  readonly timeSeconds: number
}

/** A chain that can be followed and spoken to. Reorganisations do not happen on it. */
export interface ChainSource {
  /** Which chain this is, hex: a wallet of another chain is refused (`WRONG_CHAIN`). */
  readonly chainId: string
  tip(): Promise<Tip>
  /**
   * Calls `onBlock` for every block from `fromHeight` on, in order, then for each new one as it is mined.
   * @returns once all blocks up to the present tip were given
   */
  follow(fromHeight: number, onBlock: (block: Block) => void): Promise<void>
  /** Hands in a transaction (consensus encoding). Handing in a known one again changes nothing. */
  broadcast(transaction: Uint8Array): Promise<void>
}
