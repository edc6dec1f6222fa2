/**
 * Sealing: files in, a sealed torrent and its record rows out (docs/protocol.md §3 – §5). Two passes, both
 * streaming: the hash of the plaintext gives the salt, then every core encrypts and hashes its share.
 * @module
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { LntError } from '../src/core/errors.ts'
import { leafOf, MAX_PIECES, piecesOf } from '../src/core/geometry.ts'
import { CouponSeeds, MAX_C } from './coupons.ts'
import { componentFault, pathsFault } from './file-path.ts'
import { areFreeSpans, MAX_FREE } from './free.ts'
import { buildInfo, MAX_PIECE_BYTES, type SealedTorrent } from './info.ts'
import { keyOf, publisherKey, publisherSeed, rootKey, type SpanKey, saltOf } from './keys.ts'
import { DEFAULT_C, innerSpans, pieceBytesFor, sealingCost } from './piece-length.ts'
import { checkUnchanged, fileError, type PlainFile, plainFile } from './plain-files.ts'
import { RECORD_BYTES, recordTable, rowsBytes } from './records.ts'
import { PIECE_HASH_BYTES, type SealedPart, type SealJob, type SealPlan } from './seal-job.ts'
import { runJobs } from './seal-pool.ts'
import type { Source } from './sources.ts'

/** How far sealing is. Both phases go over all bytes. */
export interface SealProgress {
  /** `reading`: hashing the plaintext for the salt; `sealing`: encrypting, hashing, coupons. */
  readonly phase: 'reading' | 'sealing'
  readonly bytesDone: number
  readonly bytesTotal: number
}

/** What to seal with. */
export interface SealOptions {
  /** The publisher's master, 32 bytes. */
  readonly master: Uint8Array
  /** Name of the torrent: its file, or its folder. */
  readonly name: string
  /** Whether it becomes a folder even with one file. */
  readonly isFolder?: boolean
  /** Piece length, 1 … 2^26; by size when not given. */
  readonly pieceBytes?: number
  /** log2 of the coupons per span, 0 … 16; 8 when not given. */
  readonly c?: number
  /** Spans given away; none under another. */
  readonly free?: readonly number[]
  /** A publisher key for this torrent alone (docs/protocol.md §3). */
  readonly anonymous?: boolean
  /** Threads; one a core when not given, 0 seals in this one. */
  readonly threads?: number
  readonly onProgress?: (progress: SealProgress) => void
  readonly signal?: AbortSignal
}

/** A sealed torrent with what its publisher serves and sells from. */
export interface Sealed {
  readonly torrent: SealedTorrent
  /** Record rows, 96 · 2^(d+1) bytes. */
  readonly rows: Uint8Array
}

/** Read at once in the first pass, in bytes. */
const CHUNK_BYTES = 2 ** 20

/** Most plaintext and most coupons in one job: some 50 ms, so that progress moves and cores end together. */
const JOB_BYTES = 2 ** 23
const JOB_COUPONS = 2 ** 14

/** Below this many CPU seconds threads cost more than they save: each takes some 50 ms to start. */
const WORTH_THREADS_SECONDS = 0.2

/**
 * Seals files. The same content, name, options and master give the same torrent.
 * @param sources - in the order of the piece space
 * @throws {@link LntError} `BAD_INPUT`, `FILE_SYSTEM`, `FILE_CHANGED`; the signal's reason when aborted
 */
export async function seal(sources: readonly Source[], options: SealOptions): Promise<Sealed> {
  checkNames(sources, options.name)
  const files = sources.map(({ source, path }) => plainFile(source, path))
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0)
  if (totalBytes === 0) throw refused('nothing to seal: no bytes', 'name files that are not empty')
  const pieceBytes = options.pieceBytes ?? pieceBytesFor(totalBytes)
  const c = options.c ?? DEFAULT_C
  checkSizes(totalBytes, pieceBytes, c)
  const pieces = piecesOf(totalBytes, pieceBytes)
  checkFree(options.free ?? [], pieces)

  const { master } = options
  const plaintextHash = await hashFiles(files, totalBytes, options)
  const salt = saltOf(master, { pieces, totalBytes, pieceBytes, plaintextHash })
  const root = { span: 1, key: rootKey(master, salt) }
  const couponSeed = CouponSeeds.ofMaster(master, salt, c).delegate(1)
  const plan = { files, totalBytes, pieceBytes, pieces, c, rootKey: root.key, couponSeed }
  const { rows, pieceHashes } = await sealPieces(plan, options)
  for (const file of files) checkUnchanged(file)

  const torrent = buildInfo({
    name: options.name,
    isFolder: options.isFolder ?? false,
    files,
    pieceBytes,
    pieceHashes,
    c,
    pk: publisherKey(publisherSeed(master, options.anonymous ? salt : undefined)),
    root: recordTable(rows, pieces).root,
    salt,
    free: freeKeys(root, options.free ?? []),
  })
  return { torrent, rows }
}

function freeKeys(root: SpanKey, spans: readonly number[]): SpanKey[] {
  return spans.toSorted((a, b) => a - b).map((span) => ({ span, key: keyOf(root, span) }))
}

/** First pass: one thread, for a hash is a chain. */
async function hashFiles(
  files: readonly PlainFile[],
  bytesTotal: number,
  { onProgress, signal }: SealOptions,
): Promise<Uint8Array> {
  const digest = createHash('sha256')
  const chunk = new Uint8Array(CHUNK_BYTES)
  let bytesDone = 0
  for (const file of files) {
    for await (const part of chunksOf(file, chunk)) {
      signal?.throwIfAborted()
      digest.update(part)
      bytesDone += part.length
      onProgress?.({ phase: 'reading', bytesDone, bytesTotal })
    }
    checkUnchanged(file)
  }
  return digest.digest()
}

/** The bytes of a file; each part is a view of `chunk`, good until the next. */
async function* chunksOf(file: PlainFile, chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file.source)
    for (let at = 0; at < file.bytes; ) {
      const length = Math.min(chunk.length, file.bytes - at)
      const { bytesRead } = await handle.read(chunk, 0, length, at)
      if (bytesRead === 0) throw new LntError({ code: 'FILE_CHANGED', path: file.source })
      yield chunk.subarray(0, bytesRead)
      at += bytesRead
    }
  } catch (cause) {
    throw cause instanceof LntError ? cause : fileError(file.source, cause)
  } finally {
    await handle?.close()
  }
}

/** Second pass: all cores. */
async function sealPieces(
  plan: SealPlan,
  { onProgress, signal, threads }: SealOptions,
): Promise<{ rows: Uint8Array; pieceHashes: Uint8Array }> {
  const { pieces, totalBytes, pieceBytes, c } = plan
  const rows = new Uint8Array(rowsBytes(pieces))
  const pieceHashes = new Uint8Array(PIECE_HASH_BYTES * pieces)
  let bytesDone = 0
  const onPart = ({ job, ...part }: SealedPart): void => {
    pieceHashes.set(part.pieceHashes, PIECE_HASH_BYTES * job.firstPiece)
    rows.set(part.leafRows, RECORD_BYTES * leafOf(pieces, job.firstPiece))
    for (const [i, span] of job.inner.entries())
      rows.set(
        part.innerRows.subarray(RECORD_BYTES * i, RECORD_BYTES * (i + 1)),
        RECORD_BYTES * span,
      )
    bytesDone = Math.min(totalBytes, bytesDone + job.pieceCount * pieceBytes)
    onProgress?.({ phase: 'sealing', bytesDone, bytesTotal: totalBytes })
  }
  const { cpuSeconds } = sealingCost(totalBytes, pieceBytes, c)
  const crew = threads ?? (cpuSeconds < WORTH_THREADS_SECONDS ? 0 : availableParallelism())
  await runJobs(plan, jobsOf(plan), { threads: crew, signal, onPart })
  return { rows, pieceHashes }
}

/** Equal shares: each some pieces and as large a part of the inner spans, so that progress is even. */
function jobsOf({ pieces, pieceBytes, c }: SealPlan): SealJob[] {
  const each = Math.max(1, Math.min(Math.floor(JOB_BYTES / pieceBytes), JOB_COUPONS / 2 ** c))
  const count = Math.ceil(pieces / each)
  const inner = innerSpans(pieces)
  return Array.from({ length: count }, (_, i) => ({
    firstPiece: each * i,
    pieceCount: Math.min(each, pieces - each * i),
    inner: inner.slice((inner.length * i) / count, (inner.length * (i + 1)) / count),
  }))
}

function checkNames(sources: readonly Source[], name: string): void {
  const paths = sources.map(({ path }) => path)
  const fault = [name, ...paths.flat()].map(componentFault).find((found) => found !== undefined)
  const found = fault ?? pathsFault(name, paths)
  if (found !== undefined) throw refused(found, 'rename it: no client would take this torrent')
}

function checkSizes(totalBytes: number, pieceBytes: number, c: number): void {
  if (!Number.isInteger(pieceBytes) || pieceBytes < 1 || pieceBytes > MAX_PIECE_BYTES)
    throw refused(`piece length ${pieceBytes}`, `give 1 to ${MAX_PIECE_BYTES} bytes`)
  if (piecesOf(totalBytes, pieceBytes) > MAX_PIECES)
    throw refused(`more than ${MAX_PIECES} pieces`, 'choose a longer piece length')
  if (!Number.isInteger(c) || c < 0 || c > MAX_C)
    throw refused(`2^${c} coupons`, `give 2^0 to 2^${MAX_C}`)
}

function checkFree(spans: readonly number[], pieces: number): void {
  if (spans.length > MAX_FREE) throw refused(`more than ${MAX_FREE} free spans`, 'give away less')
  const sorted = spans.toSorted((a, b) => a - b)
  if (!areFreeSpans(pieces, sorted))
    throw refused('spans to give away', 'give existing ones, each once, none under another')
}

function refused(what: string, hint: string): LntError {
  return new LntError({ code: 'BAD_INPUT', what, hint })
}
