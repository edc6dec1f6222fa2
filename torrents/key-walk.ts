/**
 * Keys of many spans in order: what two neighbours share of the key tree is derived once.
 * @module
 */
import { isUnder, levelOf } from '../src/core/geometry.ts'
import { childKey, type SpanKey } from './keys.ts'

/** Derives keys under one span; ascending spans of one level cost two PRFs each, not d. */
export class KeyWalk {
  readonly #from: SpanKey
  /** From just under `#from` down to the span asked for last. */
  readonly #path: SpanKey[] = []

  /** @param from - the span that all asked for lie under */
  constructor(from: SpanKey) {
    this.#from = from
  }

  /**
   * Key of a span, 32 bytes.
   * @throws RangeError when it does not lie under the one that the walk began from
   */
  key(span: number): Uint8Array {
    if (!isUnder(span, this.#from.span)) throw new RangeError(`key walk: span ${span}`)
    const path = this.#path
    while (path.length > 0 && !isUnder(span, path.at(-1)?.span ?? 0)) path.pop()
    let last = path.at(-1) ?? this.#from
    for (let down = levelOf(span) - levelOf(last.span) - 1; down >= 0; down--) {
      const side = (span >>> down) & 1 ? 1 : 0
      last = { span: 2 * last.span + side, key: childKey(last.key, side) }
      path.push(last)
    }
    return last.key
  }
}
