/**
 * What a node's journal adds up to.
 * @module
 */
import { LntError } from '../../core/errors.ts'
import { type Entry, KIND } from './frame.ts'

/** One channel's monitor: whole, and what came since, in order. */
export interface MonitorState {
  readonly whole: Uint8Array
  readonly updates: readonly Uint8Array[]
}

/** All that is on disk of a node. */
export interface State {
  /** LDK's ChannelManager; none in a new node. */
  readonly manager: Uint8Array | undefined
  /** By funding outpoint, hex. */
  readonly monitors: ReadonlyMap<string, MonitorState>
  /** Our own records (holds, payments, ...) by key. */
  readonly records: ReadonlyMap<string, string>
}

/**
 * Adds entries up, in order.
 * @throws LntError `BAD_JOURNAL` when an update belongs to no monitor
 */
export function stateOf(entries: readonly Entry[]): State {
  let manager: Uint8Array | undefined
  const monitors = new Map<string, { whole: Uint8Array; updates: Uint8Array[] }>()
  const records = new Map<string, string>()
  for (const { kind, key, bytes } of entries) {
    switch (kind) {
      case KIND.manager:
        manager = bytes
        break
      case KIND.monitor:
        monitors.set(key, { whole: bytes, updates: [] })
        break
      case KIND.update: {
        const monitor = monitors.get(key)
        if (!monitor)
          throw new LntError({ code: 'BAD_JOURNAL', why: `update of no monitor: ${key}` })
        monitor.updates.push(bytes)
        break
      }
      case KIND.archived:
        monitors.delete(key)
        break
      case KIND.record:
        records.set(key, Buffer.from(bytes).toString())
        break
      case KIND.erased:
        records.delete(key)
        break
    }
  }
  return { manager, monitors, records }
}

/** The fewest entries that add up to a state. */
export function entriesOf({ manager, monitors, records }: State): Entry[] {
  const entries: Entry[] = []
  if (manager) entries.push({ kind: KIND.manager, key: '', bytes: manager })
  for (const [key, { whole, updates }] of monitors) {
    entries.push({ kind: KIND.monitor, key, bytes: whole })
    for (const bytes of updates) entries.push({ kind: KIND.update, key, bytes })
  }
  for (const [key, text] of records)
    entries.push({ kind: KIND.record, key, bytes: Buffer.from(text) })
  return entries
}
