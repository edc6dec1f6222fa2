/**
 * Where the player gets plaintext from: the room that plays knows nothing of the rooms that fetch and buy.
 * @module
 */

/** One file of a torrent, as bytes on demand. Closing is the owner's business. */
export interface PieceSource {
  /** File name without folders, for content type and page title. */
  readonly name: string
  /** Length of the file in bytes. */
  readonly fileBytes: number
  /** Where the file begins in the torrent's piece space, in bytes (BEP 3). */
  readonly fileOffset: number
  /** Piece length of the torrent in bytes. */
  readonly pieceBytes: number
  /**
   * Plaintext of one whole piece, fetched and bought if need be.
   * Pieces asked for and not aborted are what the buyer needs next, in the order of the calls.
   * @param signal - aborting means that the piece is no longer needed by this caller
   */
  piece(index: number, signal: AbortSignal): Promise<Uint8Array>
  /** The player waits for this piece now: what was asked for ahead of it may wait for a cheaper, longer run. */
  hurry(index: number): void
  /** Whether `piece` would answer at once, without buying. */
  has(index: number): boolean
}
