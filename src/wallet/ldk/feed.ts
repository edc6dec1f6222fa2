/**
 * The chain as a node sees it: blocks in, transactions out, both at the node's own pace.
 * @module
 */
import { createHash } from 'node:crypto'
import { RawTx } from '@scure/btc-signer'
import { fromHex, toHex } from '../../core/bytes.ts'
import type { Block, ChainSource } from '../chain.ts'
import { HEADER_BYTES, transactionsOf } from './block.ts'
import type { Engine } from './engine.ts'
import type { Outbox } from './outbox.ts'
import type { Records } from './records.ts'

/** First wait before a transaction that the chain did not take is handed in again; doubles up to the longest. */
const RETRY_MS = 2_000
const RETRY_MAX_MS = 60_000

const PREFIX = 'broadcast/'

/** What the feed needs of its node. */
export interface FeedPorts {
  readonly chain: ChainSource
  readonly records: Records
  readonly outbox: Outbox
  readonly kick: () => void
  readonly log: (line: string) => void
}

/** Follows a chain for one engine. */
export class Feed {
  readonly #ports: FeedPorts
  #blocks: Block[] = []
  #timers = new Set<NodeJS.Timeout>()
  #isWatching = false
  #closed = false

  constructor(ports: FeedPorts) {
    this.#ports = ports
  }

  /** Brings the engine up to the tip; later blocks wait for {@link deliver}. */
  async start(engine: Engine): Promise<void> {
    const { chain, kick } = this.#ports
    await chain.follow(engine.lowestHeight() + 1, (block) => {
      if (this.#closed) return
      if (!this.#isWatching) return catchUp(engine, block)
      this.#blocks.push(block)
      kick()
    })
    engine.watch()
    this.#isWatching = true
  }

  /** Hands new blocks to LDK: only from the node's turn. */
  deliver(engine: Engine): void {
    const blocks = this.#blocks
    this.#blocks = []
    for (const { height, raw } of blocks)
      if (height > engine.manager.current_best_block().get_height()) engine.connect(raw, height)
  }

  /** Hands a transaction in, and again until the chain has taken it, also after a restart. */
  send(transaction: Uint8Array): void {
    const key = PREFIX + nameOf(transaction)
    // LDK says it again every minute, each time signed anew: it is being handed in already.
    if (this.#ports.records.get(key) !== undefined) return
    this.#ports.records.put(key, toHex(transaction))
    this.#send(key, transaction)
  }

  /** Hands in what the chain had not taken when the node last stopped. */
  resume(): void {
    for (const [key, text] of this.#ports.records.under(PREFIX)) this.#send(key, fromHex(text))
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #send(key: string, transaction: Uint8Array): void {
    const { chain, records, outbox, kick, log } = this.#ports
    const attempt = async (waitMs: number): Promise<void> => {
      if (this.#closed) return
      try {
        await chain.broadcast(transaction)
        records.erase(key)
        kick()
      } catch (err) {
        log(`the chain did not take a transaction: ${String(err)}`)
        const timer = setTimeout(() => {
          this.#timers.delete(timer)
          void attempt(Math.min(2 * waitMs, RETRY_MAX_MS))
        }, waitMs)
        this.#timers.add(timer)
      }
    }
    // After the commit that made it: see outbox.ts.
    outbox.put(() => void attempt(RETRY_MS))
  }
}

/** The same for every signing of a transaction: a hash of all but its witnesses. */
function nameOf(transaction: Uint8Array): string {
  const bare = { ...RawTx.decode(transaction), segwitFlag: false, witnesses: undefined }
  return createHash('sha256').update(RawTx.encode(bare)).digest('hex')
}

function catchUp(engine: Engine, { height, raw }: Block): void {
  engine.catchUp(raw.subarray(0, HEADER_BYTES), transactionsOf(raw), height, raw)
}
