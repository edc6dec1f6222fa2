/**
 * Who may ask the player's server for what: this machine, by its token, with GET or HEAD.
 * @module
 */

import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Names under which the server is reached. Any other was made to point here (DNS rebinding). */
const HOSTS = ['127.0.0.1', 'localhost']

/** What a request is after, or the status that refuses it. */
export type Wish = 'page' | 'file' | 403 | 404 | 405

/** The one file that is served and the secret in its path. */
export interface Door {
  /** In the path of every address: random, of one run. */
  readonly token: string
  readonly name: string
}

/** Decides on a request. Nothing about the token is said to a host that may not ask. */
export function wishOf(request: IncomingMessage, { token, name }: Door): Wish {
  if (!isOurHost(request)) return 403
  const [, given, file, ...more] = pathOf(request.url ?? '').split('/')
  if (!isEqual(given ?? '', token) || file === undefined || more.length > 0) return 404
  const isFile = decoded(file) === name
  if (file !== '' && !isFile) return 404
  if (request.method !== 'GET' && request.method !== 'HEAD') return 405
  return isFile ? 'file' : 'page'
}

function isOurHost(request: IncomingMessage): boolean {
  const [host, port, ...more] = (request.headers.host ?? '').toLowerCase().split(':')
  if (more.length > 0 || !HOSTS.includes(host ?? '')) return false
  return port === undefined || port === String(request.socket.localPort)
}

/** The path without its query. An absolute address (`GET http://…`) has none that we know. */
function pathOf(url: string): string {
  return url.startsWith('/') ? (url.split('?')[0] ?? '') : ''
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** Without telling by its time how much was right. */
function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
