declare module 'parse-torrent' {
  interface Parsed {
    readonly infoHash: string
    readonly name?: string
    readonly length?: number
    readonly pieceLength?: number
    readonly pieces?: readonly string[]
    readonly files?: readonly { readonly path: string; readonly length: number }[]
    readonly announce: readonly string[]
    readonly peerAddresses?: readonly string[]
  }
  export default function parseTorrent(torrent: Uint8Array | string): Promise<Parsed>
}
