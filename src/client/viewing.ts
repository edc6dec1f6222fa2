/**
 * One torrent that is played: bought just ahead of the player, ciphertext kept in the profile's cache.
 * @module
 */
import { basename, join } from 'node:path'
import type { SealedTorrent, TorrentFile } from '../../torrents/info.ts'
import { toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Purchase } from '../core/purchase.ts'
import { findPlayer, runPlayer } from '../player/launch.ts'
import { type PlayerServer, servePlayer } from '../player/server.ts'
import { cachePath, openCacheFile } from '../swarm/cache-file.ts'
import { makeSpace } from '../swarm/cache-space.ts'
import { Buying } from './buying.ts'
import type { Status } from './events.ts'
import type { Link } from './link.ts'
import { aborted, type Session } from './session.ts'
import { type BuySettings, DEFAULT_SPACE_BYTES } from './settings.ts'
import { ViewSource } from './view-source.ts'

/** What is played, and with what. */
export interface ViewRequest extends BuySettings {
  readonly link: Link
  /** `mpv`, `vlc`, a command with arguments, or `none`; by default one that is found. */
  readonly player?: string
  readonly httpPort?: number
}

/** A torrent being played. Lives until `close`. */
export class Viewing {
  readonly #session: Session
  readonly #buying: Buying
  readonly #source: ViewSource
  readonly #server: PlayerServer

  private constructor(
    session: Session,
    parts: { buying: Buying; source: ViewSource; server: PlayerServer },
  ) {
    this.#session = session
    this.#buying = parts.buying
    this.#source = parts.source
    this.#server = parts.server
  }

  /** The file, for players; with a secret of this run in it. */
  get url(): string {
    return this.#server.url
  }

  /** Joins the swarm and serves the plaintext; buying begins by itself when the wallet is up. */
  static async start(session: Session, request: ViewRequest): Promise<Viewing> {
    const folder = join(session.dir, 'cache')
    let source: ViewSource | undefined
    const buying = await Buying.join(session, {
      link: request.link,
      settings: request,
      makeStore: (torrent) => openCache(session, folder, torrent),
      wants: () => source?.wants() ?? { pieces: [], urgent: 0, isSettled: false },
      onPlain: async (piece, plaintext) => source?.give(piece, plaintext),
      onCheated: (err) => source?.close(err),
    })
    const { torrent } = buying.live
    const file = playable(torrent)
    source = new ViewSource(buying, file)
    const server = await servePlayer({
      source,
      clock: session.clock,
      id: `${toHex(torrent.infoSha256)}-${torrent.files.indexOf(file)}`,
      ...(request.httpPort !== undefined && { port: request.httpPort }),
      failed: (err) => session.failed(err),
    })
    return new Viewing(session, { buying, source, server })
  }

  /** Begins to buy. The wallet may take its time. */
  shop(): Promise<void> {
    return this.#buying.shop()
  }

  /**
   * Opens the player, or shows the address, and waits.
   * @returns `player` when the player has ended, `signal` when the user wants to end
   */
  async play(wish?: string): Promise<'player' | 'signal'> {
    const { signal, tell } = this.#session
    const player = findPlayer({ env: process.env, platform: process.platform }, wish)
    if (!player) {
      tell({ event: 'player', url: this.#server.url, page: this.#server.pageUrl })
      await aborted(signal)
      return 'signal'
    }
    tell({
      event: 'player',
      url: this.#server.url,
      page: this.#server.pageUrl,
      player: player.name,
    })
    await runPlayer(player, this.#server.url, signal)
    return signal.aborted ? 'signal' : 'player'
  }

  /** How it stands. */
  status(): Status {
    return { ...this.#buying.status(), bufferSeconds: this.#server.activity().bufferSeconds }
  }

  /** Stops playing, buying and serving. @returns purchases whose end is not known by the deadline */
  async close(deadline: AbortSignal): Promise<readonly Purchase[]> {
    this.#source.close(new Error('closing'))
    await this.#server.close()
    return this.#buying.close(deadline)
  }
}

async function openCache(
  session: Session,
  folder: string,
  torrent: SealedTorrent,
): Promise<Awaited<ReturnType<typeof openCacheFile>>> {
  const { spaceBytes: limitBytes = DEFAULT_SPACE_BYTES } = session.options
  const own = cachePath(folder, torrent)
  const open = [...session.swarm.torrents].map(({ torrent: other }) => cachePath(folder, other))
  const inUse = [own, ...open].map((path) => basename(path))
  await makeSpace({ folder, limitBytes, needBytes: torrent.totalBytes, inUse })
  return openCacheFile(folder, torrent)
}

/** The largest file. */
function playable({ files, name }: SealedTorrent): TorrentFile {
  const [largest] = files.toSorted((a, b) => b.bytes - a.bytes)
  if (largest && largest.bytes > 0) return largest
  throw new LntError({ code: 'BAD_TORRENT', why: `${name} has no file to play` })
}
