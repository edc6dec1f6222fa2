/** The frozen vectors of docs/protocol.md, by path: `v1_keys.salt`, `v8_rows.0.rows`. */
import { readFileSync } from 'node:fs'
import { fromHex } from '../../src/core/bytes.ts'

const vectors: unknown = JSON.parse(
  readFileSync(new URL('../vectors/lnt1.json', import.meta.url), 'utf8'),
)

/** The value at a path; throws when there is none, so that no test passes on nothing. */
export function at(path: string): unknown {
  let value = vectors
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !(key in value)) throw new Error(path)
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

export function bytes(path: string): Uint8Array {
  return fromHex(String(at(path)))
}

export function number(path: string): number {
  return Number(at(path))
}

export function keys(path: string): string[] {
  return Object.keys(at(path) as object)
}
