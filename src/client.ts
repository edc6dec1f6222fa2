/**
 * The composition root: puts swarm, market, wallet, store and player together for the CLI, the library and the testbed.
 * @module
 */
import { resolve } from 'node:path'
import { parseInfo } from '../torrents/info.ts'
import { buildMetainfo } from '../torrents/metainfo.ts'
import { Downloading, type DownloadRequest, openFolder } from './client/downloading.ts'
import type { Status, Tell } from './client/events.ts'
import { describe, type Inspection } from './client/inspecting.ts'
import { readLink } from './client/link.ts'
import { checkNew, checkPaths } from './client/paths.ts'
import { publish } from './client/publishing.ts'
import { Seeding } from './client/seeding.ts'
import { aborted, Session } from './client/session.ts'
import type { ClientOptions, SealSettings } from './client/settings.ts'
import { Viewing, type ViewRequest } from './client/viewing.ts'
import { isPlayMoney } from './client/wallets.ts'
import { equal, toHex } from './core/bytes.ts'
import { LntError } from './core/errors.ts'
import type { Purchase } from './core/purchase.ts'
import type { Sale } from './core/sale.ts'
import { writeWhole } from './store/file.ts'
import { lockProfile } from './store/lock.ts'
import { openProfileDir } from './store/profile.ts'
import { openStore } from './store/store.ts'

export { readBooks } from './client/accounts.ts'
export type { ClientEvent, Status, Tell } from './client/events.ts'
export { type Inspection, inspect } from './client/inspecting.ts'
export { checkPaths } from './client/paths.ts'
export { regtestStatus, resetRegtest, runRegtest, stopRegtest } from './client/play-money.ts'
export {
  type BuySettings,
  type ClientOptions,
  dataDirectory,
  type FeeRule,
  type SealSettings,
} from './client/settings.ts'

/** How long closing waits for payments and sales whose end is not known, ms. */
const CLOSE_MS = 10_000
/** How often the status of each torrent is told, ms. */
const STATUS_MS = 1_000

/** What to seed. */
export interface SeedRequest extends SealSettings {
  readonly path: string
  /** Price of a piece; without it, that of the last time. */
  readonly priceMsat?: bigint
  readonly stepPpm?: number
  /** Seed `path` as this .torrent. */
  readonly torrentPath?: string
  readonly peers?: readonly string[]
}

/** Anything that runs until it is closed. */
interface Running {
  status(): Status
  close(deadline: AbortSignal): Promise<readonly (Purchase | Sale)[]>
}

/** An open profile that seeds, plays and downloads. */
export class Client {
  readonly #session: Session
  readonly #running: Running[] = []
  readonly #ticker: NodeJS.Timeout

  private constructor(session: Session) {
    this.#session = session
    this.#ticker = setInterval(() => this.#tick(), STATUS_MS)
  }

  /** Locks the profile and starts listening. @throws {@link LntError} */
  static async open(options: ClientOptions, tell: Tell, signal: AbortSignal): Promise<Client> {
    const session = await Session.open(options, tell, signal)
    if (isPlayMoney(options.wallet))
      tell({
        event: 'note',
        text: 'play money: a Lightning network of this machine (regtest), worth nothing',
      })
    return new Client(session)
  }

  /** Serves a path's ciphertext at once; sells its keys as soon as the wallet is up. */
  async seed(request: SeedRequest): Promise<string> {
    const session = this.#session
    const path = resolve(request.path)
    const given = request.torrentPath && (await readLink(request.torrentPath)).infoBytes
    const { store, dir: profileDir, tell, signal } = session
    const ports = { store, profileDir, tell, signal }
    const publication = await publish(path, request, ports, given ? parseInfo(given) : undefined)
    for (const { torrent } of session.swarm.torrents)
      if (equal(torrent.infoSha256, publication.torrent.infoSha256)) throw seededAlready(path)
    const price = this.#price(publication.torrent.infoSha256, request)
    const peers = request.peers ?? []
    const seeding = await Seeding.start(session, { publication, price, peers })
    this.#running.push(seeding)
    const { name, pieces, pieceBytes, totalBytes, infoHash } = seeding.torrent
    session.tell({
      event: 'seeding',
      name,
      magnet: seeding.magnet,
      infoHash: toHex(infoHash),
      pieces,
      pieceBytes,
      totalBytes,
      priceMsat: price.priceMsat,
    })
    this.#background(seeding.sell())
    return seeding.magnet
  }

  /** Plays until the player ends or the user wants to end. */
  async stream(
    request: Omit<ViewRequest, 'link'> & { readonly link: string },
  ): Promise<'player' | 'signal'> {
    const link = await readLink(request.link)
    this.#background(this.#session.wallet())
    const viewing = await this.#unlessFailed(Viewing.start(this.#session, { ...request, link }))
    this.#running.push(viewing)
    this.#background(viewing.shop())
    return this.#unlessFailed(viewing.play(request.player))
  }

  /** Downloads until the file is whole or the user wants to end. */
  async download(
    request: Omit<DownloadRequest, 'link'> & { readonly link: string },
  ): Promise<'done' | 'signal'> {
    const link = await readLink(request.link)
    await openFolder(request.out)
    this.#background(this.#session.wallet())
    const downloading = await this.#unlessFailed(
      Downloading.start(this.#session, { ...request, link }),
    )
    this.#running.push(downloading)
    return this.#unlessFailed(downloading.run())
  }

  /** Resolves when the wallet is up; it comes up by itself with the first torrent. */
  async ready(): Promise<void> {
    await this.#unlessFailed(this.#session.wallet())
  }

  /** Resolves when the user wants to end. */
  untilStopped(): Promise<void> {
    return this.#unlessFailed(aborted(this.#session.signal))
  }

  /** Closes cleanly: offers taken back, holds settled or cancelled, payments waited for, the journal flushed. */
  async close(): Promise<void> {
    clearInterval(this.#ticker)
    const deadline = AbortSignal.timeout(CLOSE_MS)
    const ends = await Promise.all(this.#running.map((running) => running.close(deadline)))
    for (const { hash, amountMsat, state } of ends.flat())
      this.#session.tell({ event: 'unfinished', hash: toHex(hash), amountMsat, state })
    await this.#session.close(deadline)
  }

  /** Work that no call waits for: when it fails, whatever waits fails with it. */
  #background(work: Promise<unknown>): void {
    work.catch((err: unknown) => this.#session.broken.reject(err))
  }

  #unlessFailed<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#session.broken.promise])
  }

  #price(
    infoSha256: Uint8Array,
    { priceMsat, stepPpm }: SeedRequest,
  ): { priceMsat: bigint; stepPpm: number } {
    const { torrents } = this.#session.store
    const entry = torrents.sealedOf(infoSha256)
    if (!entry) throw new LntError({ code: 'BAD_JOURNAL', why: 'the sealed torrent is gone' })
    const price = { priceMsat: priceMsat ?? entry.priceMsat, stepPpm: stepPpm ?? entry.stepPpm }
    torrents.putSealed({ ...entry, ...price })
    return price
  }

  #tick(): void {
    for (const running of this.#running)
      this.#session.tell({ event: 'status', ...running.status() })
  }
}

/** Opens a profile. @throws {@link LntError} */
export function openClient(
  options: ClientOptions,
  tell: Tell,
  signal: AbortSignal,
): Promise<Client> {
  return Client.open(options, tell, signal)
}

/** What to seal, and where to. */
export interface SealRequest extends SealSettings {
  readonly path: string
  readonly out: string
  readonly dataDir: string
  readonly profile: string
}

/**
 * Writes a sealed .torrent, a new file. What sealing learned stays in the profile, so that `seed` begins at once.
 * @throws {@link LntError} `BAD_INPUT`, `FILE_SYSTEM`, `FILE_CHANGED`, `PROFILE_LOCKED`
 */
export async function sealToFile(
  request: SealRequest,
  tell: Tell,
  signal: AbortSignal,
): Promise<Inspection> {
  await checkPaths([request.path])
  await checkNew(request.out)
  const profileDir = openProfileDir(request.dataDir, request.profile)
  const lock = lockProfile(profileDir)
  const store = openStore(profileDir)
  try {
    const ports = { store, profileDir, tell, signal }
    const { torrent } = await publish(resolve(request.path), request, ports)
    await writeWhole(request.out, buildMetainfo({ torrent, announce: [] }), 0o644)
    return describe(torrent)
  } finally {
    store.close()
    lock.release()
  }
}

function seededAlready(path: string): LntError {
  return new LntError({
    code: 'BAD_INPUT',
    what: `${path} makes a torrent that is seeded already`,
    hint: 'name it once',
  })
}
