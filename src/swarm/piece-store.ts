/**
 * Where the swarm keeps ciphertext: one interface, a file per kind of place behind it.
 * @module
 */

/** Ciphertext of one torrent, by piece. Offsets and lengths are in bytes and lie within the piece. */
export interface PieceStore {
  /**
   * Looks whether the piece lies there from an earlier run, by its SHA-1. Nothing is trusted.
   * Reads of the piece are good from then on.
   */
  find(piece: number): Promise<boolean>
  /**
   * Ciphertext of a part of a piece that was found or written.
   * @throws {@link LntError} `FILE_CHANGED`, `FILE_SYSTEM`
   */
  read(piece: number, offset: number, length: number): Promise<Uint8Array>
  /**
   * Keeps a whole piece whose SHA-1 was checked. The bytes belong to the store from now on.
   * @throws {@link LntError} `FILE_SYSTEM`, for a full disk among others
   */
  write(piece: number, ciphertext: Uint8Array): Promise<void>
  /** Ends it; what was written stays. Safe to repeat. */
  close(): Promise<void>
}
