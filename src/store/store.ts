/**
 * The store of one profile: journal, key ring, coupon book, torrents and settings in one file, so that what belongs
 * together is written together. The only writer of money state.
 * @module
 */
import { join } from 'node:path'
import { Coupons } from './coupons.ts'
import { Database } from './database.ts'
import { Journal } from './journal.ts'
import { KeyRing } from './keyring.ts'
import { makePrivateDirectory } from './profile.ts'
import { SCHEMA } from './schema.ts'
import { Settings } from './settings.ts'
import { Torrents } from './torrents.ts'

/** An open store. All of it is synchronous but the rows files. */
export interface Store {
  readonly journal: Journal
  readonly keyring: KeyRing
  readonly coupons: Coupons
  readonly torrents: Torrents
  readonly settings: Settings
  close(): void
}

/** What a store is given. */
export interface StoreOptions {
  /** Unix time in milliseconds. */
  readonly nowMs?: () => number
}

/**
 * Opens a profile's store and checks every row of it. The profile must be locked (lock.ts) by the caller.
 * @throws {@link LntError} `BAD_JOURNAL` when anything is not what was written; `FILE_SYSTEM`
 */
export function openStore(profileDir: string, { nowMs = Date.now }: StoreOptions = {}): Store {
  const rowsDir = join(profileDir, 'torrents')
  makePrivateDirectory(rowsDir)
  const db = new Database(join(profileDir, 'journal.db'), SCHEMA)
  try {
    const keyring = new KeyRing(db)
    const coupons = new Coupons(db, nowMs)
    const journal = new Journal(db, { keyring, coupons, nowMs })
    const torrents = new Torrents(db, rowsDir)
    return {
      journal,
      keyring,
      coupons,
      torrents,
      settings: new Settings(db),
      close: () => db.close(),
    }
  } catch (err) {
    db.close()
    throw err
  }
}
