/**
 * Cuts a raw block into its transactions: LDK's monitors want them apart when they catch up alone.
 * @module
 */

/** Bytes of a block header. */
export const HEADER_BYTES = 80

/**
 * The transactions of a block (consensus encoding, BIP 144), each as its own bytes.
 * @throws RangeError when the block is cut short
 */
export function transactionsOf(block: Uint8Array): Uint8Array[] {
  const walk = new Walk(block)
  walk.skip(HEADER_BYTES)
  return Array.from({ length: walk.size() }, () => {
    const start = walk.at
    walk.transaction()
    return block.subarray(start, walk.at)
  })
}

class Walk {
  at = 0
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  skip(bytes: number): void {
    this.at += bytes
    if (this.at > this.#view.byteLength) throw new RangeError('block: cut short')
  }

  /** Bitcoin's variable-length integer. */
  size(): number {
    const first = this.#view.getUint8(this.at)
    this.skip(1)
    if (first < 0xfd) return first
    const bytes = first === 0xfd ? 2 : first === 0xfe ? 4 : 8
    const at = this.at
    this.skip(bytes)
    if (bytes === 2) return this.#view.getUint16(at, true)
    if (bytes === 4) return this.#view.getUint32(at, true)
    return Number(this.#view.getBigUint64(at, true))
  }

  transaction(): void {
    this.skip(4)
    const hasWitness = this.#view.getUint8(this.at) === 0
    if (hasWitness) this.skip(2)
    const inputs = this.size()
    for (let i = 0; i < inputs; i++) {
      this.skip(36)
      this.skip(this.size() + 4)
    }
    for (let left = this.size(); left > 0; left--) {
      this.skip(8)
      this.skip(this.size())
    }
    if (hasWitness)
      for (let i = 0; i < inputs; i++)
        for (let left = this.size(); left > 0; left--) this.skip(this.size())
    this.skip(4)
  }
}
