/**
 * What LDK wants on disk of its channel monitors, kept until the next commit takes it.
 * @module
 */
import {
  type ChannelMonitor,
  type ChannelMonitorUpdate,
  ChannelMonitorUpdateStatus,
  type OutPoint,
  Persist,
} from 'lightningdevkit'
import { toHex } from '../../core/bytes.ts'
import { type Entry, KIND } from './frame.ts'
import { isNone } from './result.ts'
import type { MonitorState } from './state.ts'

/** Updates of a monitor may take this much, or as much as the monitor itself if that is more. */
const UPDATES_BYTES = 2 ** 20

interface Weight {
  wholeBytes: number
  updatesBytes: number
}

/**
 * Collects monitor writes. They count as done at once (`Completed`): nothing that LDK says to anybody
 * leaves the node before the commit that holds them is on disk (node.ts), and a commit is atomic
 * (journal.ts). Facts/ldk.md measured the alternatives.
 */
export class MonitorWrites {
  readonly persist: Persist
  #pending: Entry[] = []
  readonly #weights = new Map<string, Weight>()

  constructor(monitors: ReadonlyMap<string, MonitorState>) {
    for (const [key, { whole, updates }] of monitors)
      this.#weights.set(key, {
        wholeBytes: whole.length,
        updatesBytes: updates.reduce((sum, update) => sum + update.length, 0),
      })
    this.persist = Persist.new_impl({
      persist_new_channel: (funding, monitor) => this.#keepWhole(keyOf(funding), monitor),
      update_persisted_channel: (funding, update, monitor) =>
        this.#keepUpdate(keyOf(funding), update, monitor),
      archive_persisted_channel: (funding) => {
        this.#pending.push({ kind: KIND.archived, key: keyOf(funding), bytes: new Uint8Array() })
      },
    })
  }

  /** The writes since the last call, in order. */
  take(): Entry[] {
    const taken = this.#pending
    this.#pending = []
    return taken
  }

  #keepWhole(key: string, monitor: ChannelMonitor): ChannelMonitorUpdateStatus {
    const bytes = monitor.write()
    this.#weights.set(key, { wholeBytes: bytes.length, updatesBytes: 0 })
    this.#pending.push({ kind: KIND.monitor, key, bytes })
    return ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed
  }

  #keepUpdate(
    key: string,
    update: ChannelMonitorUpdate,
    monitor: ChannelMonitor,
  ): ChannelMonitorUpdateStatus {
    const weight = this.#weights.get(key)
    const isHeavy = !weight || weight.updatesBytes > Math.max(UPDATES_BYTES, weight.wholeBytes)
    if (isNone(update) || isHeavy) return this.#keepWhole(key, monitor)
    const bytes = update.write()
    weight.updatesBytes += bytes.length
    this.#pending.push({ kind: KIND.update, key, bytes })
    return ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed
  }
}

function keyOf(funding: OutPoint): string {
  return toHex(funding.write())
}
