/**
 * From a path to a sealed torrent with its master: as it was sealed before, or sealed now.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { parseInfo, type SealedTorrent } from '../../torrents/info.ts'
import { publisherKey, publisherSeed } from '../../torrents/keys.ts'
import { couponsFor, DEFAULT_C, pieceBytesFor } from '../../torrents/piece-length.ts'
import { type Sealed, seal } from '../../torrents/seal.ts'
import { findSources, type Sources } from '../../torrents/sources.ts'
import { equal, fromHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import { leafOf, piecesOf } from '../core/geometry.ts'
import { openMaster } from '../store/profile.ts'
import type { SourceFile } from '../store/sources.ts'
import type { Store } from '../store/store.ts'
import type { SealedEntry } from '../store/torrents.ts'
import { stampOf } from '../swarm/sealed-files.ts'
import type { Tell } from './events.ts'
import { DEFAULT_PRICE_MSAT, type SealSettings } from './settings.ts'

/** A sealed torrent and everything that serving and selling it takes. */
export interface Publication extends Sealed {
  readonly files: readonly SourceFile[]
  readonly master: Uint8Array
  readonly isAnonymous: boolean
}

/** What publishing works with. */
export interface PublishingPorts {
  readonly store: Store
  readonly profileDir: string
  readonly tell: Tell
  readonly signal: AbortSignal
}

/**
 * The torrent of a path. The same files with the same settings, or without any, give what was sealed before.
 * @param torrent - seed the path as this torrent
 * @throws {@link LntError} `BAD_INPUT`, `FILE_SYSTEM`, `FILE_CHANGED`
 */
export async function publish(
  path: string,
  settings: SealSettings,
  ports: PublishingPorts,
  torrent?: SealedTorrent,
): Promise<Publication> {
  const sources = findSources([path])
  const files = await stamp(sources)
  const master = await masterOf(settings, ports)
  const known = await find(files, { settings, torrent, master }, ports)
  if (known) return known
  const before = ports.store.torrents.sealed().findLast((entry) => isSamePaths(entry.files, files))
  if (before && !torrent && !isSameFiles(before.files, files))
    ports.tell({
      event: 'note',
      text: `${path} has changed since it was sealed: it is sealed as it is now, under a magnet of its own`,
    })
  const sealed = await seal(sources.sources, {
    master,
    name: sources.name,
    isFolder: sources.isFolder,
    ...sealingOf(files, { ...(before && settingsOf(before, settings)), ...settings }),
    ...(torrent && sealingLike(torrent, master)),
    onProgress: ({ phase, bytesDone, bytesTotal }) => {
      const half = phase === 'reading' ? 0 : bytesTotal
      ports.tell({
        event: 'sealing',
        path,
        bytesDone: half + bytesDone,
        bytesTotal: 2 * bytesTotal,
      })
    },
    signal: ports.signal,
  })
  if (torrent && !isSame(torrent, sealed.torrent)) throw otherTorrent(path)
  const { anonymous: isAnonymous } = sealingLike(sealed.torrent, master)
  const publication = { ...sealed, files, master, isAnonymous }
  await keep(publication, before, ports)
  return publication
}

async function stamp({ sources }: Sources): Promise<SourceFile[]> {
  return Promise.all(
    sources.map(async ({ source }) => ({ path: source, ...(await stampOf(source)) })),
  )
}

/** Piece length, coupons, free spans and publisher key of a sealing. */
interface Sealing {
  readonly pieceBytes: number
  readonly c: number
  readonly free: readonly number[]
  readonly anonymous: boolean
}

/** How it was sealed the last time; a number of buyers that is given now chooses the coupons. */
function settingsOf(before: SealedEntry, { buyers }: SealSettings): SealSettings {
  return {
    pieceBytes: before.pieceBytes,
    ...(buyers === undefined && { coupons: 2 ** before.c }),
    freePieces: parseInfo(before.infoBytes).free.length,
    isAnonymous: before.isAnonymous,
  }
}

/** What makes the same torrent again. */
function sealingLike({ pieceBytes, c, free, pk }: SealedTorrent, master: Uint8Array): Sealing {
  const anonymous = !equal(pk, publisherKey(publisherSeed(master)))
  return { pieceBytes, c, free: free.map(({ span }) => span), anonymous }
}

function sealingOf(files: readonly SourceFile[], settings: SealSettings): Sealing {
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const pieceBytes = settings.pieceBytes ?? pieceBytesFor(totalBytes)
  const pieces = piecesOf(totalBytes, pieceBytes)
  const free = Math.min(settings.freePieces ?? 0, pieces)
  return {
    pieceBytes,
    c: couponBits(settings),
    free: Array.from({ length: free }, (_, piece) => leafOf(pieces, piece)),
    anonymous: settings.isAnonymous ?? false,
  }
}

function couponBits({ coupons, buyers }: SealSettings): number {
  if (coupons !== undefined && buyers !== undefined)
    throw new LntError({
      code: 'BAD_INPUT',
      what: '--coupons and --buyers both say how many coupons there are',
      hint: 'give one of them',
    })
  if (buyers !== undefined) return couponsFor(buyers)
  return coupons === undefined ? DEFAULT_C : Math.log2(coupons)
}

async function masterOf(
  { masterFile }: SealSettings,
  { store, profileDir }: PublishingPorts,
): Promise<Uint8Array> {
  if (masterFile !== undefined) {
    const text = await readFile(masterFile, 'utf8').catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new LntError({ code: 'FILE_SYSTEM', path: masterFile, why }, { cause })
    })
    const hex = text.trim()
    if (/^[0-9a-f]{64}$/i.test(hex)) return fromHex(hex.toLowerCase(), 32)
    const hint = 'write 64 hex digits (32 bytes) into it'
    throw new LntError({ code: 'BAD_INPUT', what: `${masterFile} is no master file`, hint })
  }
  const { bytes, isNew } = await openMaster(profileDir)
  // A master that is new has never offered a coupon: its book begins empty (docs/protocol.md §4).
  if (isNew) store.coupons.openBook(publisherKey(publisherSeed(bytes)), 0)
  return bytes
}

async function find(
  files: readonly SourceFile[],
  wanted: { settings: SealSettings; torrent: SealedTorrent | undefined; master: Uint8Array },
  { store }: PublishingPorts,
): Promise<Publication | undefined> {
  const isIt = (entry: SealedEntry): boolean => {
    const sealed = parseInfo(entry.infoBytes)
    const seed = publisherSeed(wanted.master, entry.isAnonymous ? sealed.salt : undefined)
    // Sealed with another master: it cannot be sold with this one.
    if (!equal(sealed.pk, publisherKey(seed))) return false
    if (wanted.torrent) return isSame(wanted.torrent, sealed) && isSameFiles(entry.files, files)
    return (
      isSameFiles(entry.files, files) && fits(sealed, files, wanted.settings, entry.isAnonymous)
    )
  }
  const entry = store.torrents.sealed().findLast(isIt)
  const rows = entry && (await store.torrents.rowsOf(entry.infoSha256))
  if (!entry || !rows) return undefined
  const torrent = parseInfo(entry.infoBytes)
  return { torrent, rows, files, master: wanted.master, isAnonymous: entry.isAnonymous }
}

/** Whether what was sealed is what these settings ask for; a setting that is not given asks for nothing. */
function fits(
  sealed: SealedTorrent,
  files: readonly SourceFile[],
  settings: SealSettings,
  wasAnonymous: boolean,
): boolean {
  const asked = sealingOf(files, settings)
  const { pieceBytes, coupons, buyers, freePieces } = settings
  const isCouponed = coupons !== undefined || buyers !== undefined
  return (
    (pieceBytes === undefined || sealed.pieceBytes === pieceBytes) &&
    (!isCouponed || sealed.c === asked.c) &&
    (freePieces === undefined || sealed.free.length === asked.free.length) &&
    (settings.isAnonymous === undefined || wasAnonymous === settings.isAnonymous)
  )
}

async function keep(
  { torrent, rows, files, isAnonymous }: Publication,
  before: SealedEntry | undefined,
  { store }: PublishingPorts,
): Promise<void> {
  const { infoSha256, infoBytes, pieceBytes, c, free } = torrent
  await store.torrents.putRows(infoSha256, rows)
  store.torrents.putSealed({
    infoSha256,
    infoBytes,
    files,
    pieceBytes,
    c,
    free: free.map(({ span }) => span).join(),
    isAnonymous,
    priceMsat: before?.priceMsat ?? DEFAULT_PRICE_MSAT,
    stepPpm: before?.stepPpm ?? 0,
    addedMs: Date.now(),
  })
}

function isSameFiles(a: readonly SourceFile[], b: readonly SourceFile[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ path, bytes, mtimeNs }, i) => {
      const other = b[i]
      return other?.path === path && other.bytes === bytes && other.mtimeNs === mtimeNs
    })
  )
}

function isSamePaths(a: readonly SourceFile[], b: readonly SourceFile[]): boolean {
  return a.length === b.length && a.every(({ path }, i) => b[i]?.path === path)
}

function isSame(a: SealedTorrent, b: SealedTorrent): boolean {
  return equal(a.infoSha256, b.infoSha256)
}

function otherTorrent(path: string): LntError {
  return new LntError({
    code: 'BAD_INPUT',
    what: `${path} sealed with this master is another torrent than the one given`,
    hint: 'give the file and the --master-file that it was sealed with',
  })
}
