/**
 * Our own records in a node's journal (holds, payments, transactions to hand in): small texts by key.
 * @module
 */
import { type Entry, KIND } from './frame.ts'

/** Records in memory, and their changes until the next commit takes them. */
export class Records {
  readonly #texts: Map<string, string>
  #pending: Entry[] = []

  constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = new Map(texts)
  }

  get(key: string): string | undefined {
    return this.#texts.get(key)
  }

  /** Records whose key begins with `prefix`. */
  under(prefix: string): [key: string, text: string][] {
    return [...this.#texts].filter(([key]) => key.startsWith(prefix))
  }

  /** Writes a record. It is on disk with the next commit, in one with what LDK changed before and after. */
  put(key: string, text: string): void {
    this.#texts.set(key, text)
    this.#pending.push({ kind: KIND.record, key, bytes: Buffer.from(text) })
  }

  erase(key: string): void {
    this.#texts.delete(key)
    this.#pending.push({ kind: KIND.erased, key, bytes: new Uint8Array() })
  }

  /** The changes since the last call, in order. */
  take(): Entry[] {
    const taken = this.#pending
    this.#pending = []
    return taken
  }
}
