/**
 * Blocks of the play-money chain: real headers with real proof of work at regtest difficulty, and coinbases.
 * Left out because nothing here checks it: the witness commitment in the coinbase (BIP 141).
 * @module
 */
import { CompactSize, RawTx } from '@scure/btc-signer'
import { concat, fromHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import { doubleSha256, readTransaction, type Transaction } from './transaction.ts'

/** Hash of bitcoind's regtest genesis block, in internal order: what block 1 builds on. */
export const GENESIS_HASH: Uint8Array = fromHex(
  '06226e46111a0b59caaf126043eb5bbf28c34f3a5e332a1fc7b2b73cf188910f',
)

/** What one block mints: the subsidy of bitcoind's first regtest blocks. It never halves here. */
export const SUBSIDY_SAT = 5_000_000_000n

/** Length of a block header. */
export const HEADER_BYTES = 80

/** Compact target of regtest (nBits): half of all hashes meet it. */
const REGTEST_BITS = 0x207fffff

/** A decoded block. */
export interface MinedBlock {
  /** Block hash in internal order, 32 bytes. */
  readonly hash: Uint8Array
  /** Hash of the block before, in internal order. */
  readonly previousHash: Uint8Array
  /** Unix seconds. */
  readonly timeSeconds: number
  /** The coinbase first. */
  readonly transactions: readonly Transaction[]
  /** Whole block in consensus encoding. */
  readonly raw: Uint8Array
}

/** What a block is made of. */
export interface BlockTemplate {
  readonly previousHash: Uint8Array
  readonly height: number
  readonly timeSeconds: number
  /** Output script of the coinbase. */
  readonly payTo: Uint8Array
  /** What the coinbase pays: subsidy and fees. */
  readonly rewardSat: bigint
  /** Up to 64 bytes that make the coinbase of this chain unlike that of any other. */
  readonly tag: Uint8Array
  readonly transactions: readonly Transaction[]
}

/** Builds a block and does its proof of work (two tries on average). */
export function mineBlock(template: BlockTemplate): MinedBlock {
  const { previousHash, timeSeconds } = template
  const transactions = [coinbase(template), ...template.transactions]
  const { header, hash } = work(previousHash, merkleRoot(transactions), timeSeconds)
  const raw = concat(
    header,
    CompactSize.encode(BigInt(transactions.length)),
    ...transactions.map((transaction) => transaction.raw),
  )
  return { hash, previousHash, timeSeconds, transactions, raw }
}

/**
 * Decodes a block that {@link mineBlock} made.
 * @throws LntError `REGTEST_FAILED` when it is not one: damaged, or without proof of work
 */
export function decodeBlock(raw: Uint8Array): MinedBlock {
  if (raw.length <= HEADER_BYTES) throw damaged('it is cut short')
  const header = raw.subarray(0, HEADER_BYTES)
  const view = new DataView(header.buffer, header.byteOffset)
  const hash = doubleSha256(header)
  if (!meetsTarget(hash)) throw damaged('it has no proof of work')
  const count = Number(CompactSize.decode(raw.subarray(HEADER_BYTES), { allowUnreadBytes: true }))
  let at = HEADER_BYTES + CompactSize.encode(BigInt(count)).length
  const transactions: Transaction[] = []
  for (let i = 0; i < count; i++) {
    const transaction = readTransaction(raw.subarray(at))
    transactions.push(transaction)
    at += transaction.raw.length
  }
  if (at !== raw.length) throw damaged('it has bytes after the end')
  const root = Buffer.from(header.buffer, header.byteOffset + 36, 32)
  if (!root.equals(merkleRoot(transactions))) throw damaged('its Merkle root is wrong')
  return {
    hash,
    previousHash: header.slice(4, 36),
    timeSeconds: view.getUint32(68, true),
    transactions,
    raw,
  }
}

/** Searches a nonce. Trying all 2^32 in vain has a chance of 2^-2^32. */
function work(
  previousHash: Uint8Array,
  root: Uint8Array,
  timeSeconds: number,
): { header: Uint8Array; hash: Uint8Array } {
  const header = new Uint8Array(HEADER_BYTES)
  const view = new DataView(header.buffer)
  view.setUint32(0, 0x20000000, true)
  header.set(previousHash, 4)
  header.set(root, 36)
  view.setUint32(68, timeSeconds, true)
  view.setUint32(72, REGTEST_BITS, true)
  for (let nonce = 0; ; nonce++) {
    view.setUint32(76, nonce, true)
    const hash = doubleSha256(header)
    if (meetsTarget(hash)) return { header, hash }
  }
}

/** The target is 7fffff00…: with any first byte below 7f, a hash meets it. */
function meetsTarget(hash: Uint8Array): boolean {
  return (hash[31] ?? 0xff) < 0x7f
}

/** The coinbase script holds the height (BIP 34) and the tag. */
function coinbase({ height, tag, payTo, rewardSat }: BlockTemplate): Transaction {
  const heightBytes = new Uint8Array(5)
  heightBytes[0] = 4
  new DataView(heightBytes.buffer).setUint32(1, height, true)
  return readTransaction(
    RawTx.encode({
      version: 2,
      segwitFlag: false,
      inputs: [
        {
          txid: new Uint8Array(32),
          index: 0xffffffff,
          finalScriptSig: concat(heightBytes, Uint8Array.of(tag.length), tag),
          sequence: 0xffffffff,
        },
      ],
      outputs: [{ amount: rewardSat, script: payTo }],
      witnesses: undefined,
      lockTime: 0,
    }),
  )
}

/** Merkle root over transaction ids; an odd last one is paired with itself. */
function merkleRoot(transactions: readonly Transaction[]): Uint8Array {
  let level = transactions.map(({ idBytes }) => idBytes)
  while (level.length > 1) {
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] ?? new Uint8Array()
      above.push(doubleSha256(concat(left, level[i + 1] ?? left)))
    }
    level = above
  }
  return level[0] ?? new Uint8Array(32)
}

function damaged(why: string): LntError {
  return new LntError({ code: 'REGTEST_FAILED', why: `damaged block: ${why}` })
}
