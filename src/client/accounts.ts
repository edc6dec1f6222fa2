/**
 * Who paid whom, from the journals of profiles alone (money law 8).
 * @module
 */
import { type Books, booksOf, cashOf } from '../market/books.ts'
import { lockProfile } from '../store/lock.ts'
import { openProfileDir } from '../store/profile.ts'
import { openStore, type Store } from '../store/store.ts'

/** One profile's side, msat. */
export interface ProfileCash extends ReturnType<typeof cashOf> {
  readonly profile: string
  /** Purchases and sales that are settled. */
  readonly payments: number
  readonly sales: number
}

/** The books of several profiles, and of each alone. */
export interface Accounts {
  readonly books: Books
  readonly profiles: readonly ProfileCash[]
}

/** Adds up the journals of profiles that nobody has open. @throws LntError `PROFILE_LOCKED`, `BAD_JOURNAL` */
export function readBooks(dataDir: string, profiles: readonly string[]): Accounts {
  const opened: { profile: string; store: Store; close: () => void }[] = []
  try {
    for (const profile of profiles) opened.push(openOne(dataDir, profile))
    const journals = opened.map(({ store }) => store.journal)
    return {
      books: booksOf(journals),
      profiles: opened.map(({ profile, store }) => ({
        profile,
        ...cashOf(store.journal),
        payments: store.journal
          .events()
          .filter(({ machine, state }) => machine === 'purchase' && state === 'paid').length,
        sales: store.journal
          .events()
          .filter(({ machine, state }) => machine === 'sale' && state === 'settled').length,
      })),
    }
  } finally {
    for (const { close } of opened) close()
  }
}

function openOne(
  dataDir: string,
  profile: string,
): { profile: string; store: Store; close: () => void } {
  const dir = openProfileDir(dataDir, profile)
  const lock = lockProfile(dir)
  const store = openStore(dir)
  return {
    profile,
    store,
    close: () => {
      store.close()
      lock.release()
    },
  }
}
