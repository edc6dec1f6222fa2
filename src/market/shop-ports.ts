/**
 * What a shop acts on: the rooms around it as interfaces, its limits as values.
 * @module
 */

import type { SealedTorrent } from '../../torrents/info.ts'
import type { PieceOpener } from '../../torrents/piece-opener.ts'
import type { RecordBook } from '../../torrents/records.ts'
import type { Clock } from '../core/clock.ts'
import type { Purchase } from '../core/purchase.ts'
import type { Journal } from '../store/journal.ts'
import type { KeyRing } from '../store/keyring.ts'
import type { Wallet } from '../wallet/wallet.ts'
import type { Goods } from './opening.ts'
import type { Shelf } from './shelf.ts'
import type { Lie } from './trust.ts'

/** What is wanted now. */
export interface Wants {
  /** Most urgent first; pieces already open may be among them. */
  readonly pieces: readonly number[]
  /** How many from the front somebody waits for. */
  readonly urgent: number
  /** Nothing else will be wanted later. */
  readonly isSettled: boolean
}

/** What the user allows. */
export interface ShopLimits {
  readonly budgetMsat: bigint
  /** Dearest piece, msat. */
  readonly maxPriceMsat: bigint
  /** Fee limit of a payment of this amount (money law 6). */
  readonly feeLimitMsat: (amountMsat: bigint) => bigint
  /** Spans may outgrow what was opened: the user trusts this publisher key. */
  readonly isTrusted: boolean
}

/** Everything a shop is given. */
export interface ShopPorts {
  readonly torrent: SealedTorrent
  readonly book: RecordBook
  readonly wallet: Wallet
  readonly journal: Journal
  readonly keyring: KeyRing
  readonly goods: Goods
  /** Decrypts pieces; the shop's from now on, which closes it. */
  readonly opener: PieceOpener
  /** Opened with the keys that the key ring holds. */
  readonly shelf: Shelf
  /** Purchases of an earlier run that are on their way to their ends, by payment hash in hex. */
  readonly resumed: ReadonlyMap<string, Promise<Purchase>>
  readonly clock: Clock
  /** Random bytes. */
  readonly random: (bytes: number) => Uint8Array
  readonly limits: ShopLimits
  readonly wants: () => Wants
  /** A piece was decrypted and met its commitment: gets the plaintext once. */
  readonly onPlain: (piece: number, plaintext: Uint8Array) => Promise<void>
  /** A purchase has come to where it stands: opened, refused, failed, dead, cheated. */
  readonly onPurchase: (purchase: Purchase) => void
  /** The publisher, or a delegate of its, has lied. A publisher's torrent is not bought from any more. */
  readonly onCheated: (lie: Lie) => void
  /** Something to show may have changed. */
  readonly onChange: () => void
  /** A purchase ended with an error that is ours. */
  readonly onError: (err: unknown) => void
}
