/**
 * Rows of state machines: each step checks the table against what is on disk, writes the row and adds the event.
 * @module
 */
import { toHex } from '../core/bytes.ts'
import { LntError } from '../core/errors.ts'
import { type Cell, type Database, isConstraint, type Row } from './database.ts'
import { type Events, type Machine, nextState } from './events.ts'
import { checksum } from './row.ts'

/** One step of a machine, ready to be written. */
export interface Step {
  readonly machine: Machine
  /** The machine's row on disk (id, state); `undefined` when this is its first step. */
  readonly row: Row | undefined
  readonly event: string
  /** The state that the driver says it leads to. */
  readonly state: string
  readonly hash: Uint8Array
  readonly msat: bigint
  readonly feeMsat: bigint
  readonly columns: readonly string[]
  /** Values of `columns`. */
  readonly cells: readonly Cell[]
}

/** The writer of state rows and their events; inside a transaction. */
export class MachineRows {
  private readonly db: Database
  private readonly log: Events
  private readonly nowMs: () => number

  constructor(db: Database, log: Events, nowMs: () => number) {
    this.db = db
    this.log = log
    this.nowMs = nowMs
  }

  /**
   * Writes a step.
   * @throws {@link LntError} `BAD_TRANSITION` when the row on disk allows no such step; `ALREADY_PAID` or
   *   `HASH_IN_USE` when another row has the hash
   */
  write(step: Step): void {
    const { machine, row, event, state, hash, msat, feeMsat } = step
    const from = row?.['state']
    const to = nextState(machine, typeof from === 'string' ? from : undefined, event)
    if (to !== state) throw broken(machine, `${event} leads to ${to}, not to ${state}`)
    const id = this.unlessTaken(step)
    this.log.add({ atMs: this.nowMs(), machine, id, hash, event, state, msat, feeMsat })
  }

  private unlessTaken(step: Step): number {
    try {
      return step.row === undefined ? this.insert(step) : this.update(step, step.row)
    } catch (err) {
      if (!isConstraint(err)) throw err
      const code = step.machine === 'purchase' ? 'ALREADY_PAID' : 'HASH_IN_USE'
      throw new LntError({ code, hash: toHex(step.hash) }, { cause: err })
    }
  }

  private insert({ machine, columns, cells }: Step): number {
    const row = this.db.get(
      `INSERT INTO ${machine} (${columns.join(', ')}, sum) VALUES (${'?, '.repeat(columns.length)}?) RETURNING id`,
      ...cells,
      checksum(machine, cells),
    )
    return Number(row?.['id'])
  }

  private update({ machine, columns, cells }: Step, row: Row): number {
    const id = Number(row['id'])
    const set = columns.map((column) => `${column} = ?`).join(', ')
    const sql = `UPDATE ${machine} SET ${set}, sum = ? WHERE id = ?`
    this.db.run(sql, ...cells, checksum(machine, cells), id)
    return id
  }
}

/** A driver's bug: it never reaches the disk. */
export function broken(machine: Machine, why: string): LntError {
  return new LntError({ code: 'BAD_JOURNAL', why: `${machine}: ${why}` })
}
