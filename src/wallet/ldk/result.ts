/**
 * LDK's results and optionals, turned into what TypeScript understands.
 * @module
 */
import { LntError } from '../../core/errors.ts'

interface Result {
  is_ok(): boolean
}

/** The `_OK` class of a result, as `instanceof` wants it. */
interface OkClass<T> {
  [Symbol.hasInstance](value: unknown): boolean
  readonly prototype: { readonly res: T }
}

/**
 * The value of a result.
 * @throws LntError `WALLET_UNAVAILABLE` when it holds an error
 */
export function unwrap<T>(what: string, result: Result, Ok: OkClass<T>): T {
  if (isOk(result, Ok)) return result.res
  throw refused(what, result)
}

function isOk<T>(result: unknown, Ok: OkClass<T>): result is { readonly res: T } {
  return Ok[Symbol.hasInstance](result)
}

/**
 * Checks a result that has no value.
 * @throws LntError `WALLET_UNAVAILABLE` when it holds an error
 */
export function check(what: string, result: Result): void {
  if (!result.is_ok()) throw refused(what, result)
}

function refused(what: string, result: Result): LntError {
  return new LntError({ code: 'WALLET_UNAVAILABLE', why: `LDK ${what}: ${whyOf(result)}` })
}

/** What an error result says, for people. */
export function whyOf(result: Result): string {
  const err: unknown = Reflect.get(result, 'err')
  if (typeof err !== 'object' || err === null) return String(err)
  const text: unknown = Reflect.get(err, 'err')
  return `${err.constructor.name} ${typeof text === 'string' ? text : ''}`.trim()
}

/** Whether LDK meant "none": its optionals that are not `Option_…Z` are objects that point nowhere. */
export function isNone(object: object): boolean {
  return Reflect.get(object, 'ptr') === 0n
}
