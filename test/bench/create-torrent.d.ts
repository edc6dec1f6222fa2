/** The part of create-torrent 6.1.3 that the bench calls. */
declare module 'create-torrent' {
  export default function createTorrent(
    file: string,
    options: { readonly pieceLength: number; readonly announce: readonly string[] },
    done: (err: unknown, torrent: Uint8Array) => void,
  ): void
}
