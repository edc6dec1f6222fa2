/**
 * What a swarm is asked and what it answers: the words between this room and the client.
 * @module
 */
import type { TradeHandler } from '../../extensions/lnt-trade/peer.ts'
import type { SealedTorrent } from '../../torrents/info.ts'
import type { LntError } from '../core/errors.ts'
import type { Network } from '../core/network.ts'
import type { PieceStore } from './piece-store.ts'
import type { SwarmTorrent } from './torrent.ts'

/** How a swarm is reached and finds others. Everything that speaks to strangers is off by default. */
export interface SwarmOptions {
  /** 0: any free port. */
  readonly torrentPort?: number
  /** Address to listen on; without it all of this machine's. */
  readonly host?: string
  /** The distributed hash table; as an object, with these nodes (`host:port`) to start from. */
  readonly dht?: boolean | { readonly bootstrap: readonly string[] }
  /** Local service discovery (multicast). */
  readonly lsd?: boolean
  /** Whether the trackers that a torrent names are asked. */
  readonly trackers?: boolean
  /** Peer exchange. */
  readonly pex?: boolean
  /** The network that trades are in. */
  readonly network: Network
  /** Limit in bytes/s. */
  readonly uploadBps?: number
  /** Limit in bytes/s. */
  readonly downloadBps?: number
  /** Most connections that we dial; as many again may come in. Default 55. */
  readonly maxConns?: number
  /** A peer was dropped for a fault. */
  readonly onDropped?: (address: string, why: LntError) => void
  /** Something outside is not as it should be; all goes on. */
  readonly onWarning?: (err: unknown) => void
  /**
   * The whole swarm broke down, or a torrent did whose spec has no `onFailed`. Without it the error
   * is thrown where nobody catches it.
   */
  readonly onError?: (err: unknown) => void
}

/** A torrent to serve. */
export interface SeedSpec {
  readonly infoBytes: Uint8Array
  readonly trackers?: readonly string[]
  /** Peers to dial, `host:port`. */
  readonly peers?: readonly string[]
  /** The torrent ended by itself (`FILE_CHANGED`, `FILE_SYSTEM`, ...). It is closed already. */
  readonly onFailed?: (err: unknown) => void
}

/** A torrent to fetch, from a magnet or, with `infoBytes`, from a .torrent. */
export interface JoinSpec extends Omit<SeedSpec, 'infoBytes'> {
  /** 20 bytes. */
  readonly infoHash: Uint8Array
  /** 32 bytes: x.lnt. */
  readonly infoSha256: Uint8Array
  readonly infoBytes?: Uint8Array
  readonly signal?: AbortSignal
  /** While metadata is looked for: how many peers are connected. */
  readonly onPeers?: (peers: number) => void
  /** While the store is searched for pieces of an earlier run. */
  readonly onLooked?: (pieces: number, of: number) => void
}

/** A running swarm. */
export interface Swarm {
  /** The TCP port that it listens on. */
  readonly port: number
  /** Open torrents. */
  readonly torrents: ReadonlySet<SwarmTorrent>
  /**
   * Serves a torrent of which `store` has everything. Nothing is hashed: blocks are served at once.
   * @throws {@link LntError} `BAD_TORRENT`, `NOT_SEALED`; `BAD_INPUT` when it is open already
   */
  seed(spec: SeedSpec, store: PieceStore, handler?: TradeHandler): Promise<SwarmTorrent>
  /**
   * Resolves once the metadata is here and the store was searched for what it holds already.
   * Nothing is fetched until {@link SwarmTorrent.want} says so.
   * @param makeStore - called once, when the torrent is known
   * @throws {@link LntError} `BAD_TORRENT`, `NOT_SEALED`; `BAD_INPUT` when it is open already; what
   * `makeStore` throws; the signal's reason
   */
  join(
    spec: JoinSpec,
    makeStore: (torrent: SealedTorrent) => PieceStore | Promise<PieceStore>,
    handler?: TradeHandler,
  ): Promise<SwarmTorrent>
  /** Leaves all torrents and closes the port. Safe to repeat. */
  close(): Promise<void>
}
