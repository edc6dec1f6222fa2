/**
 * One torrent that is downloaded: NAME.part until all of it is plaintext, then NAME.
 * @module
 */
import { mkdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { cipherKey } from '../../torrents/keys.ts'
import { LntError } from '../core/errors.ts'
import type { Purchase } from '../core/purchase.ts'
import { WINDOW_PIECES } from '../market/shop.ts'
import { openPartFile, type PartFile } from '../swarm/part-file.ts'
import { Buying } from './buying.ts'
import type { Status } from './events.ts'
import type { Link } from './link.ts'
import { aborted, type Session } from './session.ts'
import type { BuySettings } from './settings.ts'

/** What is downloaded, and where to. */
export interface DownloadRequest extends BuySettings {
  readonly link: Link
  /** A folder; see {@link openFolder}. */
  readonly out: string
}

/** A torrent being downloaded. Lives until `close`. */
export class Downloading {
  readonly #session: Session
  readonly #buying: Buying
  readonly #part: PartFile
  readonly #target: string
  readonly #whole = Promise.withResolvers<void>()

  private constructor(session: Session, parts: { buying: Buying; part: PartFile; target: string }) {
    this.#session = session
    this.#buying = parts.buying
    this.#part = parts.part
    this.#target = parts.target
    // Told when the download is run, also if it fails before.
    this.#whole.promise.catch(() => undefined)
  }

  /** Joins the swarm and fetches everything; buying begins by itself when the wallet is up. */
  static async start(session: Session, request: DownloadRequest): Promise<Downloading> {
    const folder = resolve(request.out)
    let part: PartFile | undefined
    let downloading: Downloading | undefined
    let target = folder
    const buying = await Buying.join(session, {
      link: request.link,
      settings: request,
      makeStore: async (torrent, shelf) => {
        target = join(folder, torrent.name)
        part = await openPartFile({
          torrent,
          target,
          cipherKeyOf: (piece) => {
            const key = shelf.leafKey(piece)
            return key && cipherKey(key)
          },
        })
        return part
      },
      wants: () => ({
        pieces: downloading ? downloading.#buying.shelf.locked(WINDOW_PIECES) : [],
        urgent: 0,
        isSettled: true,
      }),
      onPlain: async (piece, plaintext) => {
        await part?.unlock(piece, plaintext)
        await downloading?.finishIfWhole()
      },
      onCheated: (err) => downloading?.fail(err),
    })
    if (!part) throw new Error('swarm: joined without a store')
    downloading = new Downloading(session, { buying, part, target })
    buying.live.want([], 'sequential')
    return downloading
  }

  /** Begins to buy; resolves when the file is whole and has its name, or when the user wants to end. */
  async run(): Promise<'done' | 'signal'> {
    await this.finishIfWhole()
    const { signal } = this.#session
    await Promise.race([this.#buying.shop(), this.#whole.promise, aborted(signal)])
    await Promise.race([this.#whole.promise, aborted(signal)])
    if (signal.aborted) return 'signal'
    const { totalBytes } = this.#buying.live.torrent
    const { spentMsat } = this.status()
    this.#session.tell({ event: 'done', path: this.#target, bytes: totalBytes, spentMsat })
    return 'done'
  }

  /** Gives the file its name once every piece is plaintext. */
  async finishIfWhole(): Promise<void> {
    if (this.#part.unlockedPieces < this.#buying.live.torrent.pieces) return
    try {
      await this.#part.finish()
      this.#whole.resolve()
    } catch (err) {
      this.#whole.reject(err)
    }
  }

  /** It will never be whole. */
  fail(err: Error): void {
    this.#whole.reject(err)
  }

  /** How it stands. */
  status(): Status {
    return { ...this.#buying.status(), openPieces: this.#part.unlockedPieces }
  }

  /** Stops buying and fetching. @returns purchases whose end is not known by the deadline */
  close(deadline: AbortSignal): Promise<readonly Purchase[]> {
    return this.#buying.close(deadline)
  }
}

/** Finds or makes the folder that a download goes to. @throws LntError `BAD_INPUT`, `FILE_SYSTEM` */
export async function openFolder(out: string): Promise<void> {
  const folder = resolve(out)
  try {
    await mkdir(folder, { recursive: true })
    if ((await stat(folder)).isDirectory()) return
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new LntError({ code: 'FILE_SYSTEM', path: folder, why }, { cause })
  }
  throw new LntError({ code: 'BAD_INPUT', what: `${folder} is not a folder` })
}
