/**
 * Which bytes a request asks for: preconditions, Range and If-Range (RFC 9110 §13, §14). Pure.
 * @module
 */
import parseRanges from 'range-parser'
import type { ByteRange } from './reader.ts'

/** More ranges than this in one header are a mistake or an attack (RFC 9110 §17.15): ignored. */
const MAX_RANGES = 16

/** The headers of a request that decide. */
export interface RangeHeaders {
  readonly range?: string | undefined
  readonly 'if-range'?: string | undefined
  readonly 'if-match'?: string | undefined
  readonly 'if-none-match'?: string | undefined
}

/** What to answer: the whole file, a part of it, or a status without a body. */
export type Answer =
  | { readonly status: 200 }
  | { readonly status: 206; readonly range: ByteRange }
  | { readonly status: 304 | 412 | 416 }

/** What is being asked for. */
export interface Representation {
  readonly bytes: number
  /** Strong entity tag with its quotes. */
  readonly etag: string
}

/** Decides on a GET or HEAD, in the order of RFC 9110 §13.2.2. A HEAD has no ranges (§14.2). */
export function answerTo(
  method: 'GET' | 'HEAD',
  headers: RangeHeaders,
  file: Representation,
): Answer {
  const { range, 'if-match': ifMatch, 'if-none-match': ifNoneMatch, 'if-range': ifRange } = headers
  if (ifMatch !== undefined && !matches(ifMatch, file.etag)) return { status: 412 }
  if (ifNoneMatch !== undefined && matches(weak(ifNoneMatch), file.etag)) return { status: 304 }
  if (method !== 'GET' || range === undefined) return { status: 200 }
  // A date, or a weak tag, is no proof that it is the same file: we send none.
  if (ifRange !== undefined && ifRange.trim() !== file.etag) return { status: 200 }
  return rangeOf(range, file.bytes)
}

/**
 * One range, or none. Malformed headers, other units and ranges that stay apart are ignored, as RFC 9110
 * §14.2 lets a server do: several ranges would need multipart/byteranges, which no player asks for.
 */
function rangeOf(header: string, bytes: number): Answer {
  const specs = specsOf(header)
  if (specs === undefined) return { status: 200 }
  // range-parser calls a suffix longer than the file unsatisfiable; it is the whole file (§14.1.2).
  const cut = specs.map(({ first, last }) =>
    first === '' ? `-${Math.min(Number(last), bytes)}` : `${first}-${last}`,
  )
  const parsed = parseRanges(bytes, `bytes=${cut.join(',')}`, { combine: true })
  if (parsed === -2) return { status: 200 }
  if (parsed === -1) return hasSuffix(specs) && bytes === 0 ? { status: 200 } : { status: 416 }
  const [range, ...others] = parsed
  if (range === undefined || others.length > 0) return { status: 200 }
  return { status: 206, range }
}

interface Spec {
  readonly first: string
  readonly last: string
}

/** The ranges as they are written; undefined for what is not a valid list of byte ranges. */
function specsOf(header: string): readonly Spec[] | undefined {
  const list = /^\s*bytes=(.*)$/i.exec(header)?.[1]?.split(',') ?? []
  if (list.length > MAX_RANGES) return undefined
  const specs = list.map(specOf).filter((spec) => spec !== undefined)
  return specs.length > 0 && specs.length === list.length ? specs : undefined
}

function specOf(text: string): Spec | undefined {
  const [, first, last] = /^\s*(\d*)-(\d*)\s*$/.exec(text) ?? []
  if (first === undefined || last === undefined) return undefined
  if (first === '') return last === '' ? undefined : { first, last }
  // range-parser takes 5-2 for unsatisfiable; it is invalid, and the header with it (§14.1.1).
  return last !== '' && Number(first) > Number(last) ? undefined : { first, last }
}

/** A suffix of an empty file is satisfiable, but there is no Content-Range to say so. */
function hasSuffix(specs: readonly Spec[]): boolean {
  return specs.some(({ first, last }) => first === '' && Number(last) > 0)
}

/** Whether a list of entity tags names ours; `*` names every one. */
function matches(list: string, etag: string): boolean {
  return list
    .split(',')
    .map((tag) => tag.trim())
    .some((tag) => tag === '*' || tag === etag)
}

/** If-None-Match compares weakly (§13.1.2). */
function weak(list: string): string {
  return list.replaceAll('W/"', '"')
}
