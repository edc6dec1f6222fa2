/**
 * The one implementation of a swarm, over webtorrent.
 * @module
 */
import WebTorrent from 'webtorrent'
import type { TradeHandler } from '../../extensions/lnt-trade/peer.ts'
import { parseInfo, type SealedTorrent } from '../../torrents/info.ts'
import { equal, toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import { Bans } from './bans.ts'
import { installGuard } from './guard.ts'
import { installIntake } from './intake.ts'
import type { PieceStore } from './piece-store.ts'
import type { JoinSpec, SeedSpec, Swarm, SwarmOptions } from './ports.ts'
import { checkSeams, giveMetadata, limitIncoming, listenAt } from './seams.ts'
import { SwarmTorrent } from './torrent.ts'
import { Wires, type WiresPorts } from './wires.ts'

/**
 * Starts listening; see startSwarm.
 * @throws {@link LntError} `PORT_IN_USE`; `SEAM_BROKEN` when a dependency is not the pinned one
 */
export async function startNode(options: SwarmOptions): Promise<Swarm> {
  install()
  const { torrentPort = 0, host, uploadBps = -1, downloadBps = -1, maxConns = 55 } = options
  const client = new WebTorrent({
    torrentPort: listenAt(torrentPort, host),
    dht: options.dht ?? false,
    lsd: options.lsd ?? false,
    tracker: options.trackers ?? false,
    utPex: options.pex ?? false,
    utp: false,
    natUpnp: false,
    natPmp: false,
    webSeeds: false,
    maxConns,
    uploadLimit: uploadBps,
    downloadLimit: downloadBps,
  })
  await listening(client, torrentPort)
  limitIncoming(client, maxConns)
  return new Node(client, options)
}

let isInstalled = false

/** Once a process: the self-test, then what wraps stock code, innermost first. */
function install(): void {
  if (isInstalled) return
  checkSeams()
  installIntake()
  installGuard()
  isInstalled = true
}

function listening(client: WebTorrent, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('listening', resolve)
    client.once('error', (cause: unknown) => {
      const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
      reject(isTaken ? new LntError({ code: 'PORT_IN_USE', port }, { cause }) : cause)
    })
  })
}

/** The one {@link Swarm}. */
class Node implements Swarm {
  readonly torrents: Set<SwarmTorrent> = new Set()
  readonly #client: WebTorrent
  readonly #ports: WiresPorts
  /** Info hashes in use, also while their metadata is not known. */
  readonly #wires = new Map<string, Wires>()
  #closing: Promise<void> | undefined

  constructor(client: WebTorrent, options: SwarmOptions) {
    this.#client = client
    client.removeAllListeners('error')
    const broke = (err: unknown): void => {
      // Nobody listens: better that the process ends than that it goes on without its swarm.
      if (options.onError) options.onError(err)
      else
        setImmediate(() => {
          throw err
        })
    }
    client.on('error', broke)
    this.#ports = {
      client,
      network: options.network,
      broke,
      bans: new Bans(),
      dropped: (address, why) => options.onDropped?.(address, why),
      warned: (err) => options.onWarning?.(err),
    }
  }

  get port(): number {
    return this.#client.torrentPort
  }

  async seed(spec: SeedSpec, store: PieceStore, handler?: TradeHandler): Promise<SwarmTorrent> {
    const torrent = parseInfo(spec.infoBytes)
    const wires = this.#open({ ...spec, ...torrent }, handler)
    const live = this.#bring(wires, { torrent, store, spec })
    return this.#ready(live, wires, (mark) => live.holdAll(mark))
  }

  async join(
    spec: JoinSpec,
    makeStore: (torrent: SealedTorrent) => PieceStore | Promise<PieceStore>,
    handler?: TradeHandler,
  ): Promise<SwarmTorrent> {
    spec.signal?.throwIfAborted()
    const wires = this.#open(spec, handler)
    try {
      wires.stock.on('wire', () => spec.onPeers?.(wires.stock.wires.length))
      const infoBytes = spec.infoBytes ?? (await abortable(wires.info, wires, spec.signal))
      const torrent = parseInfo(infoBytes)
      if (!equal(torrent.infoSha256, spec.infoSha256))
        throw new LntError({ code: 'BAD_TORRENT', why: 'x.lnt of the magnet does not match' })
      const store = await abortable(Promise.resolve(makeStore(torrent)), wires, spec.signal)
      const live = this.#bring(wires, { torrent, store, spec })
      const find = (mark: (piece: number) => void): Promise<void> =>
        live.find(mark, (pieces) => spec.onLooked?.(pieces, torrent.pieces))
      return await this.#ready(live, wires, find, spec.signal)
    } catch (err) {
      await wires.close()
      throw err
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.torrents].map((torrent) => torrent.close()))
    await Promise.all([...this.#wires.values()].map((wires) => wires.close()))
    if (this.#client.destroyed) return
    await new Promise<void>((resolve) => this.#client.destroy(() => resolve()))
  }

  #open(spec: JoinSpec, handler: TradeHandler | undefined): Wires {
    const id = toHex(spec.infoHash)
    if (this.#wires.has(id)) throw new LntError({ code: 'BAD_INPUT', what: 'open already' })
    if (this.#closing) throw new LntError({ code: 'BAD_INPUT', what: 'the swarm is closed' })
    const wires = new Wires({ ...spec, handler }, this.#ports)
    this.#wires.set(id, wires)
    wires.stock.once('close', () => this.#wires.delete(id))
    return wires
  }

  #bring(wires: Wires, { torrent, store, spec }: Brought): SwarmTorrent {
    const live = new SwarmTorrent({
      stock: wires.stock,
      torrent,
      store,
      failed: (err) => {
        if (spec.onFailed) spec.onFailed(err)
        else this.#ports.broke(err)
      },
    })
    this.torrents.add(live)
    wires.stock.once('close', () => this.torrents.delete(live))
    return live
  }

  /** Hands the metadata to stock code, which calls back for what is held. */
  async #ready(
    live: SwarmTorrent,
    wires: Wires,
    find: (mark: (piece: number) => void) => void | Promise<void>,
    signal?: AbortSignal,
  ): Promise<SwarmTorrent> {
    const { infoBytes } = live.torrent
    wires.overrides = {
      verify: async (mark) => find(mark),
      attach: (wire) => live.attach(wire),
      fail: (err) => live.fail(err),
    }
    wires.exchange.serve(infoBytes)
    try {
      await abortable(giveMetadata(wires.stock, infoBytes), wires, signal)
    } catch (err) {
      await live.close()
      throw err
    }
    return live
  }
}

interface Brought {
  readonly torrent: SealedTorrent
  readonly store: PieceStore
  readonly spec: Pick<SeedSpec, 'onFailed'>
}

/** The work, unless the torrent breaks or the caller loses interest before. */
async function abortable<T>(work: Promise<T>, wires: Wires, signal?: AbortSignal): Promise<T> {
  if (!signal) return Promise.race([work, wires.broken])
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, wires.broken, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
