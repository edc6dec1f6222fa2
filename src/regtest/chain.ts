/**
 * The play-money chain: blocks on disk, coins and waiting transactions in memory, one writer.
 * It checks proof of work, double spends, amounts, coinbase maturity and lock times. It does not check
 * scripts or signatures: whoever may speak to it may spend any coin, so it is worth nothing, by design.
 * Reorganisations do not happen: a block on disk stays.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { equal, toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import type { Block, ChainSource, Tip } from '../wallet/chain.ts'
import { decodeBlock, GENESIS_HASH, type MinedBlock, mineBlock } from './block.ts'
import { BlockFile } from './block-file.ts'
import { Coins, rewardSat } from './coins.ts'
import { Mempool, type NextBlock } from './mempool.ts'
import { decodeTransaction, type Transaction } from './transaction.ts'

/** Script of a coinbase that nobody wants (OP_RETURN). */
export const BURN: Uint8Array = Uint8Array.of(0x6a)

/** Blocks whose median time counts for lock times (BIP 113). */
const MEDIAN_BLOCKS = 11

interface Place {
  readonly at: number
  readonly length: number
}

/** A chain in a file. */
export class Chain implements ChainSource {
  readonly coins: Coins = new Coins()
  readonly mempool: Mempool = new Mempool(this.coins)
  private readonly file: BlockFile
  private readonly now: () => number
  private readonly places: Place[] = []
  private readonly confirmed = new Set<string>()
  private readonly followers = new Set<(block: Block) => void>()
  private readonly waiters = new Set<() => void>()
  private lastTimes: number[] = []
  private tipHash: Uint8Array = GENESIS_HASH
  private id = ''

  /**
   * Opens the chain in `path`, or starts a new one whose block 1 nobody else has.
   * @param now - unix milliseconds
   * @throws LntError `REGTEST_FAILED` when the file is damaged before its end
   */
  constructor(path: string, now: () => number = Date.now) {
    this.file = new BlockFile(path)
    this.now = now
    const waiting: Transaction[] = []
    for (const { type, at, payload } of this.file.load()) {
      if (type === 'transaction') waiting.push(decodeTransaction(payload))
      else this.connect(decodeBlock(payload), at)
    }
    // Their order is that of the file: parents come before children.
    for (const transaction of waiting)
      if (!this.confirmed.has(transaction.id)) this.mempool.add(transaction, this.next())
    if (this.height === 0) this.mine(1)
  }

  /** Hash of block 1, hex. */
  get chainId(): string {
    return this.id
  }

  /** Height of the best block. */
  get height(): number {
    return this.places.length
  }

  tip(): Promise<Tip> {
    return Promise.resolve(this.tipNow())
  }

  /** The best block, at once. */
  tipNow(): Tip {
    const timeSeconds = this.lastTimes.at(-1) ?? 0
    return { height: this.height, hash: this.tipHash, timeSeconds }
  }

  /**
   * Reads a block from disk.
   * @throws LntError `REGTEST_FAILED` when there is none at this height
   */
  block(height: number): Block {
    const place = this.places[height - 1]
    if (!place) throw new LntError({ code: 'REGTEST_FAILED', why: `there is no block ${height}` })
    return { height, raw: this.file.read(place.at, place.length) }
  }

  follow(fromHeight: number, onBlock: (block: Block) => void): Promise<void> {
    for (let height = Math.max(1, fromHeight); height <= this.height; height++)
      onBlock(this.block(height))
    this.onBlock(onBlock)
    return Promise.resolve()
  }

  /** Calls `listener` for each new block. @returns how to stop it */
  onBlock(listener: (block: Block) => void): () => void {
    this.followers.add(listener)
    return () => this.followers.delete(listener)
  }

  /** Calls `listener` whenever a transaction has begun to wait. @returns how to stop it */
  onWaiting(listener: () => void): () => void {
    this.waiters.add(listener)
    return () => this.waiters.delete(listener)
  }

  async broadcast(raw: Uint8Array): Promise<void> {
    this.accept(raw)
  }

  /**
   * Takes a transaction in, on disk before the answer.
   * @returns its id in display order, hex
   * @throws LntError `REGTEST_FAILED` when it breaks a rule of the chain
   */
  accept(raw: Uint8Array): string {
    const transaction = decodeTransaction(raw)
    const { id } = transaction
    if (this.mempool.has(id) || this.confirmed.has(id)) return id
    this.mempool.add(transaction, this.next())
    this.file.append('transaction', transaction.raw)
    for (const listener of this.waiters) listener()
    return id
  }

  /** Mines `count` blocks that pay to `payTo`; the first takes every waiting transaction. */
  mine(count: number, payTo: Uint8Array = BURN): void {
    const mined: Block[] = []
    // The last one is of now: many at once do not run ahead of the clock.
    const nowSeconds = Math.floor(this.now() / 1000)
    for (let i = 1; i <= count; i++) mined.push(this.append(payTo, nowSeconds - count + i))
    // On disk before anybody hears of it: a wallet ahead of its chain could not go on.
    this.file.sync()
    for (const block of mined) for (const follower of this.followers) follower(block)
  }

  close(): void {
    this.followers.clear()
    this.waiters.clear()
    this.file.close()
  }

  private append(payTo: Uint8Array, timeSeconds: number): Block {
    const { transactions, feesSat } = this.mempool.contents()
    const height = this.height + 1
    const block = mineBlock({
      previousHash: this.tipHash,
      height,
      timeSeconds: Math.max((this.lastTimes.at(-1) ?? 0) + 1, timeSeconds),
      payTo,
      rewardSat: rewardSat(feesSat),
      tag: height === 1 ? randomBytes(16) : new Uint8Array(),
      transactions,
    })
    this.connect(block, this.file.append('block', block.raw))
    this.mempool.clear()
    return { height, raw: block.raw }
  }

  private connect(block: MinedBlock, at: number): void {
    if (!equal(block.previousHash, this.tipHash))
      throw new LntError({ code: 'REGTEST_FAILED', why: `block ${this.height + 1} has no parent` })
    this.places.push({ at, length: block.raw.length })
    this.coins.connect(block.transactions, this.height)
    for (const { id } of block.transactions.slice(1)) this.confirmed.add(id)
    this.lastTimes = [...this.lastTimes, block.timeSeconds].slice(-MEDIAN_BLOCKS)
    this.tipHash = block.hash
    if (this.height === 1) this.id = toHex(block.hash)
  }

  private next(): NextBlock {
    const times = this.lastTimes.toSorted((a, b) => a - b)
    return {
      height: this.height + 1,
      medianTimeSeconds: times[Math.floor(times.length / 2)] ?? 0,
    }
  }
}
