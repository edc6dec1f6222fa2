/**
 * What a client tells its user, as values: the CLI shows them, `--json` prints them, a library reads them.
 * @module
 */

/** How far one torrent is, once a second. */
export interface Status {
  readonly name: string
  /** Connected peers, and how many of them sell to us. */
  readonly peers: number
  readonly sellers: number
  readonly downBytesPerSecond: number
  readonly upBytesPerSecond: number
  /** Verified ciphertext. */
  readonly haveBytes: number
  readonly totalBytes: number
  readonly openPieces: number
  readonly pieces: number
  readonly spentMsat: bigint
  readonly earnedMsat: bigint
  /** Plaintext ahead of the player, seconds; only while streaming. */
  readonly bufferSeconds?: number
  /** Why nothing is being bought, when that is news. */
  readonly standstill?: string
}

/** One thing that happened. */
export type ClientEvent =
  /** One sentence for people: play money, a paused wallet, ... */
  | { readonly event: 'note'; readonly text: string }
  | {
      readonly event: 'sealing'
      readonly path: string
      readonly bytesDone: number
      readonly bytesTotal: number
    }
  | {
      readonly event: 'seeding'
      readonly name: string
      readonly magnet: string
      readonly infoHash: string
      readonly pieces: number
      readonly pieceBytes: number
      readonly totalBytes: number
      readonly priceMsat: bigint
    }
  /** The wallet is up. */
  | {
      readonly event: 'wallet'
      readonly network: string
      readonly node: string
      readonly sendableMsat: bigint
      readonly receivableMsat: bigint
    }
  /** The info dict has come and fits the magnet. */
  | {
      readonly event: 'metadata'
      readonly name: string
      readonly infoHash: string
      readonly pieces: number
      readonly pieceBytes: number
      readonly totalBytes: number
    }
  | {
      readonly event: 'purchase'
      readonly state: string
      readonly span: number
      readonly firstPiece: number
      readonly count: number
      readonly kind: number
      readonly amountMsat: bigint
      readonly feeMsat: bigint
      readonly hash: string
    }
  | {
      readonly event: 'sale'
      readonly state: string
      readonly span: number
      readonly firstPiece: number
      readonly count: number
      readonly kind: number
      readonly amountMsat: bigint
      readonly hash: string
    }
  | {
      readonly event: 'player'
      readonly url: string
      readonly page: string
      readonly player?: string
    }
  | ({ readonly event: 'status' } & Status)
  /** A download is whole and has its name. */
  | {
      readonly event: 'done'
      readonly path: string
      readonly bytes: number
      readonly spentMsat: bigint
    }
  /** A payment whose end is not known when the client closes: resumed at the next start (money law 3). */
  | {
      readonly event: 'unfinished'
      readonly hash: string
      readonly amountMsat: bigint
      readonly state: string
    }

  /** Something went wrong that ends no command: a file that changed while seeded, a peer that cheated. */
  | { readonly event: 'failed'; readonly error: unknown }

/** Where events go. Must not throw. */
export type Tell = (event: ClientEvent) => void
