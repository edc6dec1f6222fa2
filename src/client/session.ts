/**
 * An open profile: its lock, store, swarm and wallet, and what an earlier run left unfinished.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { toHex } from '../core/bytes.ts'
import type { Clock } from '../core/clock.ts'
import type { Network } from '../core/network.ts'
import type { Purchase } from '../core/purchase.ts'
import { Admission } from '../market/admission.ts'
import { Nonces } from '../market/nonces.ts'
import { openKey } from '../market/opening.ts'
import { resume } from '../market/resume.ts'
import { lockProfile, type ProfileLock } from '../store/lock.ts'
import { openProfileDir } from '../store/profile.ts'
import { openStore, type Store } from '../store/store.ts'
import { type Swarm, startSwarm } from '../swarm/swarm.ts'
import type { Wallet } from '../wallet/wallet.ts'
import type { Tell } from './events.ts'
import type { ClientOptions } from './settings.ts'
import { SYSTEM_CLOCK } from './system-clock.ts'
import { networkOf, openWallet } from './wallets.ts'

/** Rooms that every torrent of a client shares. */
export class Session {
  readonly options: ClientOptions
  readonly dir: string
  readonly network: Network
  readonly store: Store
  readonly swarm: Swarm
  readonly tell: Tell
  readonly clock: Clock = SYSTEM_CLOCK
  readonly admission: Admission
  readonly nonces: Nonces
  /** Aborts when the user wants to end. */
  readonly signal: AbortSignal
  /** Purchases of an earlier run on their way to their ends, by payment hash in hex. */
  readonly resumed: Map<string, Promise<Purchase>> = new Map()
  /** Rejects when something ended that the command cannot do without. Nobody may be waiting. */
  readonly broken: PromiseWithResolvers<never> = Promise.withResolvers<never>()
  readonly #lock: ProfileLock
  /** Ends waits for outcomes when the profile closes. */
  readonly #stop = new AbortController()
  readonly #unfinished = new Set<Promise<unknown>>()
  #wallet: Promise<Wallet> | undefined

  private constructor(
    parts: Pick<Session, 'options' | 'dir' | 'network' | 'store' | 'swarm' | 'tell' | 'signal'>,
    lock: ProfileLock,
  ) {
    this.options = parts.options
    this.dir = parts.dir
    this.network = parts.network
    this.store = parts.store
    this.swarm = parts.swarm
    this.tell = parts.tell
    this.signal = parts.signal
    this.#lock = lock
    this.broken.promise.catch(() => undefined)
    this.admission = new Admission(this.clock)
    this.nonces = new Nonces()
  }

  /** Random bytes. */
  readonly random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes))

  /** Locks and opens the profile and starts listening; the wallet comes later, by {@link wallet}. */
  static async open(options: ClientOptions, tell: Tell, signal: AbortSignal): Promise<Session> {
    const network = networkOf(options.wallet)
    const dir = openProfileDir(options.dataDir, options.profile)
    const lock = lockProfile(dir)
    try {
      const store = openStore(dir)
      try {
        const swarm = await listen(options, store, network)
        return new Session({ options, dir, network, store, swarm, tell, signal }, lock)
      } catch (err) {
        store.close()
        throw err
      }
    } catch (err) {
      lock.release()
      throw err
    }
  }

  /** The wallet: opened at the first call; then what the journal has unfinished is resumed. */
  wallet(): Promise<Wallet> {
    this.#wallet ??= this.#openWallet()
    return this.#wallet
  }

  /** Something failed that no command waits for: told once, and the session goes on with what it can. */
  failed(err: unknown): void {
    if (!this.signal.aborted) this.tell({ event: 'failed', error: err })
  }

  /**
   * Leaves everything: torrents first, then money, then the profile.
   * @param deadline - ends the wait for what an earlier run left unfinished
   */
  async close(deadline: AbortSignal): Promise<void> {
    const settle = Promise.allSettled(this.#unfinished)
    await Promise.race([settle, aborted(deadline)])
    this.#stop.abort()
    await settle
    await this.swarm.close()
    const wallet = await this.#wallet?.catch(() => undefined)
    await wallet?.close()
    this.store.close()
    this.#lock.release()
  }

  async #openWallet(): Promise<Wallet> {
    const wallet = await openWallet(this.options, this.dir, this)
    try {
      this.signal.throwIfAborted()
      this.#resume(wallet)
      const { sendableMsat, receivableMsat } = await wallet.liquidity()
      const node = toHex(wallet.nodeId)
      this.tell({ event: 'wallet', network: wallet.network, node, sendableMsat, receivableMsat })
      return wallet
    } catch (err) {
      // Nobody gets it, so nobody else closes it.
      await wallet.close()
      throw err
    }
  }

  /** Closing waits for it. What fails here is taken up again at the next start. */
  #await(ending: Promise<unknown>): void {
    this.#unfinished.add(ending)
    ending
      .catch((err: unknown) => {
        if (!this.#stop.signal.aborted) this.failed(err)
      })
      .finally(() => this.#unfinished.delete(ending))
  }

  #resume(wallet: Wallet): void {
    const { journal, keyring } = this.store
    const { rows, purchases, sales, foreign } = resume({
      wallet,
      journal,
      keyring,
      clock: this.clock,
      stop: this.#stop.signal,
      open: async (purchase, preimage) => openKey(purchase, preimage),
    })
    for (const [i, row] of rows.entries()) {
      const ended = purchases[i]
      if (!ended) continue
      this.resumed.set(toHex(row.hash), ended)
      // A dead payment ends by a late success or never: nobody waits for that, but it is watched.
      if (row.state === 'dead') ended.catch(() => undefined)
      else this.#await(ended)
    }
    for (const ended of sales) this.#await(ended)
    if (foreign.length > 0)
      this.tell({
        event: 'note',
        text: `${foreign.length} payments of another wallet are unfinished: open the profile with that wallet to end them`,
      })
  }
}

async function listen(options: ClientOptions, store: Store, network: Network): Promise<Swarm> {
  const { torrentPort, dht = false, lsd = false, trackers = [] } = options
  const start = (port: number): Promise<Swarm> =>
    startSwarm({ torrentPort: port, dht, lsd, trackers: trackers.length > 0, network })
  if (torrentPort !== undefined) return start(torrentPort)
  const kept = store.settings.torrentPort
  // A printed magnet names the port: it is kept, unless somebody else has it now.
  const swarm = kept === undefined ? await start(0) : await start(kept).catch(() => start(0))
  store.settings.torrentPort = swarm.port
  return swarm
}

/** Resolves once the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
