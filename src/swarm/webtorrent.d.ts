declare module 'bittorrent-protocol' {
  import type { EventEmitter } from 'node:events'

  interface Bits {
    readonly buffer: Uint8Array
    get(index: number): boolean
    set(index: number, value?: boolean): void
    setAll?: unknown
  }
  interface BlockRequest {
    readonly piece: number
    readonly offset: number
    readonly length: number
  }
  interface ExtensionHandler {
    onHandshake?(infoHash: string, peerId: string, extensions: object): void
    onExtendedHandshake?(handshake: Record<string, unknown>): void
    onMessage?(bytes: Uint8Array): void
  }
  type BlockCallback = (err: Error | null, block: Uint8Array | null) => void

  class Wire extends EventEmitter {
    constructor(type?: string)
    readonly type: string
    readonly peerId: string | null
    readonly destroyed: boolean
    readonly destroying: boolean
    readonly amChoking: boolean
    readonly amInterested: boolean
    readonly peerChoking: boolean
    readonly peerInterested: boolean
    readonly peerPieces: Bits
    readonly requests: readonly BlockRequest[]
    readonly peerRequests: readonly BlockRequest[]
    readonly peerAllowedFastSet: readonly number[]
    readonly hasFast: boolean
    readonly peerExtensions: { readonly dht?: boolean; readonly extended?: boolean }
    readonly extendedHandshake: Record<string, unknown>
    readonly peerExtendedHandshake: Record<string, unknown>
    readonly peerExtendedMapping: Record<string, number>
    readonly extendedMapping: Record<number, string>
    readonly remoteAddress?: string
    readonly remotePort?: number
    readonly downloaded: number
    readonly uploaded: number
    isSeeder?: boolean
    uploadSpeed(bytes?: number): number
    downloadSpeed(bytes?: number): number
    use(extension: new (wire: Wire) => object): void
    extended(extension: string | number, bytes: Uint8Array): void
    request(piece: number, offset: number, length: number, callback: BlockCallback): void
    cancel(piece: number, offset: number, length: number): void
    piece(piece: number, offset: number, block: Uint8Array): void
    reject(piece: number, offset: number, length: number): void
    have(piece: number): void
    haveAll(): void
    haveNone(): void
    bitfield(bits: Bits): void
    port(port: number): void
    interested(): void
    uninterested(): void
    choke(): void
    unchoke(): void
    destroy(err?: Error): void
    // Private parts: seams.ts and guard.ts only.
    _read: (callback: (err: Error | null) => void) => void
    readonly _readableState: { readonly buffered: number }
    readonly _ext: Record<string, ExtensionHandler>
    readonly _extendedHandshakeSent?: boolean
    _sendExtendedHandshake(): void
    _parse(size: number, parser: (bytes: Uint8Array) => void): void
    _processBuffer: (this: Wire) => void
    _push(bytes: Uint8Array): unknown
    _write: (this: Wire, bytes: Uint8Array, callback: (err: Error | null) => void) => void
    _buffer: Uint8Array[]
    _bufferSize: number
    readonly _parserSize: number
    readonly _parser: (bytes: Uint8Array) => void
    readonly _cryptoSyncPattern: Uint8Array | null
    readonly _pePending: boolean
    readonly _peState: string
    readonly _encryptor: { decrypt(bytes: Uint8Array): Uint8Array } | null
    _message(id: number, numbers: readonly number[], data: Uint8Array | null): void
    _onMessageLength: (this: Wire, bytes: Uint8Array) => void
    _onMessage: (this: Wire, bytes: Uint8Array) => void
    _onExtended: (this: Wire, id: number, bytes: Uint8Array) => void
    _onRequest(piece: number, offset: number, length: number): void
  }
  export default Wire
  export type { Bits, BlockCallback, BlockRequest, ExtensionHandler }
}

declare module 'webtorrent' {
  import type { EventEmitter } from 'node:events'
  import type Wire from 'bittorrent-protocol'
  import type { Bits } from 'bittorrent-protocol'

  interface AbstractChunkStore {
    readonly chunkLength: number
    put(index: number, bytes: Uint8Array, callback?: (err: Error | null) => void): void
    get(
      index: number,
      options: { offset?: number; length?: number } | null,
      callback: (err: Error | null, bytes?: Uint8Array) => void,
    ): void
    close(callback?: (err: Error | null) => void): void
    destroy(callback?: (err: Error | null) => void): void
  }
  interface TorrentPeer {
    readonly wire: Wire | null
    readonly conn: { setNoDelay?(on: boolean): void } | null
    readonly addr: string | null
    secure: number
    retries: number
  }
  interface Torrent extends EventEmitter {
    readonly files: readonly AsyncIterable<Uint8Array>[]
    readonly infoHash: string
    readonly destroyed: boolean
    readonly ready: boolean
    readonly wires: readonly Wire[]
    readonly bitfield: Bits
    readonly downloadSpeed: number
    readonly uploadSpeed: number
    addPeer(address: string): boolean
    destroy(options: object, callback: (err: Error | null) => void): void
    // Private parts: seams.ts only.
    readonly _peers: ReadonlyMap<string, TorrentPeer> | null
    _addPeer(peer: unknown, type: string, source?: string): TorrentPeer | null
    _rarityMap: { destroy(): void } | null
    _onMetadata(metainfo: Uint8Array): Promise<void>
    _verifyPieces(callback: (err: Error | null) => void): void
    _onWireWithMetadata(wire: Wire): void
    _update(): void
    _updateWireInterest(wire: Wire): void
    _markVerified(piece: number): void
    _checkDone(): unknown
  }
  interface ClientOptions {
    torrentPort?: unknown
    dht?: boolean | object
    lsd?: boolean
    tracker?: boolean | object
    utPex?: boolean
    utp?: boolean
    natUpnp?: boolean
    natPmp?: boolean
    webSeeds?: boolean
    secure?: number
    maxConns?: number
    uploadLimit?: number
    downloadLimit?: number
  }
  interface AddOptions {
    announce?: readonly string[]
    deselect?: boolean
    preloadedStore?: AbstractChunkStore
    storeCacheSlots?: number
    uploads?: number
    path?: string
  }
  class WebTorrent extends EventEmitter {
    static readonly VERSION: string
    constructor(options: ClientOptions)
    readonly destroyed: boolean
    readonly listening: boolean
    readonly torrentPort: number
    readonly dht: { readonly listening: boolean; address(): { port: number } } | false
    seed(path: string, options: object, callback: (torrent: Torrent) => void): Torrent
    add(
      id: string | { infoHash: string; announce: readonly string[] },
      options: AddOptions,
    ): Torrent
    destroy(callback: (err: Error | null) => void): void
    // Private parts: seams.ts only.
    readonly _connPool: { readonly tcpServer: { maxConnections: number } | null } | null
  }
  export default WebTorrent
  export type { AbstractChunkStore, AddOptions, ClientOptions, Torrent, TorrentPeer }
}

declare module 'webtorrent/lib/torrent.js' {
  import type { Torrent } from 'webtorrent'

  const TorrentClass: { readonly prototype: Torrent }
  export default TorrentClass
}
