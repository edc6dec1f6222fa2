/**
 * A publisher's store: reads the plaintext files and encrypts on the fly, so there is no second copy.
 * @module
 */
import { open, stat } from 'node:fs/promises'
import { applyCipher } from '../../torrents/cipher.ts'
import type { SealedTorrent } from '../../torrents/info.ts'
import { LntError } from '../core/errors.ts'
import { attempt, FileSpace, type SpaceFile } from './file-space.ts'
import type { PieceStore } from './piece-store.ts'

/** What a file looked like when it was sealed. */
export interface FileStamp {
  readonly bytes: number
  /** Modification time, nanoseconds since 1970. */
  readonly mtimeNs: bigint
}

/** What a publisher's store is made of. */
export interface SealedFilesOptions {
  readonly torrent: SealedTorrent
  /** The plaintext files, in the order of `torrent.files`. */
  readonly paths: readonly string[]
  /** Cipher key of a piece, 32 bytes. */
  readonly cipherKeyOf: (piece: number) => Uint8Array
  /** Stamps taken when the files were sealed; without them, those of now. */
  readonly stamps?: readonly FileStamp[]
}

/** How a file looks now. @throws {@link LntError} `FILE_SYSTEM` */
export async function stampOf(path: string): Promise<FileStamp> {
  const { size, mtimeNs } = await attempt(path, () => stat(path, { bigint: true }))
  return { bytes: Number(size), mtimeNs }
}

/**
 * Opens the files of a sealed torrent.
 * @throws {@link LntError} `FILE_SYSTEM`; `FILE_CHANGED` when one is not as it was sealed
 */
export async function openSealedFiles(options: SealedFilesOptions): Promise<SealedFiles> {
  const { torrent, paths } = options
  const files: SpaceFile[] = []
  const stamps: FileStamp[] = []
  try {
    for (const [i, file] of torrent.files.entries()) {
      const path = paths[i]
      if (path === undefined) throw new RangeError('a path for each file of the torrent')
      const { bytes, offset } = file
      files.push({ path, bytes, offset, handle: await attempt(path, () => open(path, 'r')) })
      const stamp = options.stamps?.[i] ?? (await stampOf(path))
      if (stamp.bytes !== bytes) throw new LntError({ code: 'FILE_CHANGED', path })
      stamps.push(stamp)
    }
    const store = new SealedFiles(options, new FileSpace(files), stamps)
    await store.checkAll()
    return store
  } catch (err) {
    await Promise.all(files.map(({ handle }) => handle.close()))
    throw err
  }
}

/** See {@link openSealedFiles}. */
export class SealedFiles implements PieceStore {
  readonly #options: SealedFilesOptions
  readonly #space: FileSpace
  readonly #stamps: ReadonlyMap<SpaceFile, FileStamp>
  #closing: Promise<void> | undefined

  constructor(options: SealedFilesOptions, space: FileSpace, stamps: readonly FileStamp[]) {
    this.#options = options
    this.#space = space
    this.#stamps = new Map(
      space.files.flatMap((file, i) => {
        const stamp = stamps[i]
        return stamp ? [[file, stamp]] : []
      }),
    )
  }

  /** Everything is here: `seed` does not look. */
  async find(): Promise<boolean> {
    return true
  }

  async read(piece: number, offset: number, length: number): Promise<Uint8Array> {
    const from = piece * this.#options.torrent.pieceBytes + offset
    const plaintext = await this.#space.read(from, length)
    // After the read: bytes that were read before the file's stamp was seen unchanged are old ones.
    for (const file of this.#space.filesIn(from, length)) await this.#check(file)
    return applyCipher(this.#options.cipherKeyOf(piece), plaintext, offset)
  }

  async write(): Promise<void> {
    throw new RangeError("a publisher's files are never written")
  }

  close(): Promise<void> {
    this.#closing ??= this.#space.close()
    return this.#closing
  }

  /** Whether all files are as they were sealed. @throws {@link LntError} `FILE_CHANGED` */
  async checkAll(): Promise<void> {
    for (const file of this.#space.files) await this.#check(file)
  }

  async #check(file: SpaceFile): Promise<void> {
    const { size, mtimeNs } = await attempt(file.path, () => file.handle.stat({ bigint: true }))
    const stamp = this.#stamps.get(file)
    if (stamp && Number(size) === stamp.bytes && mtimeNs === stamp.mtimeNs) return
    throw new LntError({ code: 'FILE_CHANGED', path: file.path })
  }
}
