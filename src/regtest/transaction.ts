/**
 * Bitcoin transactions as the play-money chain reads them: ids, inputs, outputs, lock times.
 * The consensus encoding itself is @scure/btc-signer's.
 * @module
 */
import { hash } from 'node:crypto'
import { RawTx } from '@scure/btc-signer'
import { equal, toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'

/** Longest transaction taken: the standardness limit of bitcoind (MAX_STANDARD_TX_WEIGHT / 4), in bytes. */
export const MAX_TRANSACTION_BYTES = 100_000

/** All the money there can be (MAX_MONEY of bitcoind), in satoshi. */
export const MAX_MONEY_SAT = 2_100_000_000_000_000n

/** What a transaction spends. */
export interface Input {
  /** The coin that it spends: transaction id in display order, a colon, output index. */
  readonly outpoint: string
  /** Sequence number (BIP 68, and whether the lock time counts). */
  readonly sequence: number
}

/** What a transaction pays. */
export interface Output {
  readonly amountSat: bigint
  /** Output script. */
  readonly script: Uint8Array
}

/** A decoded transaction. */
export interface Transaction {
  /** Id in display order, hex. */
  readonly id: string
  /** Id in internal order, 32 bytes, as Merkle trees take it. */
  readonly idBytes: Uint8Array
  /** Whole transaction in consensus encoding. */
  readonly raw: Uint8Array
  readonly version: number
  readonly lockTime: number
  readonly inputs: readonly Input[]
  readonly outputs: readonly Output[]
}

/** SHA-256 of SHA-256, 32 bytes. */
export function doubleSha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', hash('sha256', bytes, 'buffer'), 'buffer')
}

/**
 * Decodes exactly one transaction in its only spelling.
 * @throws LntError `REGTEST_FAILED` when it is malformed, too long, or pays more than there is
 */
export function decodeTransaction(raw: Uint8Array): Transaction {
  if (raw.length > MAX_TRANSACTION_BYTES) throw refused('it is too long')
  const transaction = readTransaction(raw)
  if (!equal(transaction.raw, raw)) throw refused('it is not in canonical encoding')
  return transaction
}

/**
 * Decodes the transaction that `bytes` start with; `raw` of the answer tells how long it was.
 * @throws LntError `REGTEST_FAILED` when it is malformed
 */
export function readTransaction(bytes: Uint8Array): Transaction {
  const { fields, raw, bare } = codeOf(bytes)
  const idBytes = doubleSha256(bare)
  return {
    id: displayOf(idBytes),
    idBytes,
    raw,
    version: fields.version,
    lockTime: fields.lockTime,
    inputs: fields.inputs.map(({ txid, index, sequence }) => ({
      outpoint: `${toHex(txid)}:${index}`,
      sequence,
    })),
    outputs: fields.outputs.map(({ amount, script }) => ({ amountSat: amount, script })),
  }
}

/** Hex in display order of an id in internal order. */
export function displayOf(idBytes: Uint8Array): string {
  return toHex(idBytes.toReversed())
}

/** A transaction that the chain does not take. */
export function refused(why: string, options?: ErrorOptions): LntError {
  return new LntError({ code: 'REGTEST_FAILED', why: `transaction refused: ${why}` }, options)
}

/** `bare`: without witnesses, which is what ids are made of. */
function codeOf(bytes: Uint8Array): {
  fields: ReturnType<typeof RawTx.decode>
  raw: Uint8Array
  bare: Uint8Array
} {
  try {
    const fields = RawTx.decode(bytes, { allowUnreadBytes: true })
    const bare = RawTx.encode({ ...fields, segwitFlag: false, witnesses: undefined })
    return { fields, raw: RawTx.encode(fields), bare }
  } catch (cause) {
    throw refused('it is malformed', { cause })
  }
}
