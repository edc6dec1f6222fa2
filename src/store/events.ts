/**
 * The append-only list of everything that happened to money: each event carries the checksum of the one before it.
 * @module
 */
import { LntError } from '../core/errors.ts'
import { next, type Table } from '../core/machine.ts'
import { PURCHASE } from '../core/purchase.ts'
import { SALE } from '../core/sale.ts'
import type { Cell, Database } from './database.ts'
import { checksum, Reader } from './row.ts'

/** Which table of docs/machines.md an event belongs to. */
export type Machine = 'purchase' | 'sale'

/** One event, as the journal keeps it. */
export interface JournalEvent {
  readonly atMs: number
  readonly machine: Machine
  /** The machine's row; one hash can have several. */
  readonly id: number
  /** Payment hash, 32 bytes. */
  readonly hash: Uint8Array
  readonly event: string
  /** The state that it led to. */
  readonly state: string
  /** What the bargain is about, in msat. */
  readonly msat: bigint
  /** Routing fee, in msat; 0 until it is known. */
  readonly feeMsat: bigint
}

const COLUMNS = ['seq', 'at_ms', 'machine', 'id', 'hash', 'event', 'state', 'msat', 'fee_msat']
const TABLES: Readonly<Record<Machine, Table<string, string>>> = { purchase: PURCHASE, sale: SALE }
const MACHINES = ['purchase', 'sale'] as const
/** What the first event is chained to. */
const ORIGIN = checksum('event', [])

/**
 * The state that an event leads to. The first one of each machine is `offer`.
 * @param from - the state on disk, `undefined` when there is no row yet
 * @throws {@link LntError} `BAD_TRANSITION` when the table has no such row
 */
export function nextState(machine: Machine, from: string | undefined, event: string): string {
  if (from === undefined && event === 'offer') return 'offered'
  return next(machine, TABLES[machine], from ?? 'none', event)
}

/** The event table. */
export class Events {
  private readonly db: Database

  /**
   * Reads all events, and checks them against each other and against the rows they led to.
   * @throws {@link LntError} `BAD_JOURNAL` when an event is missing, changed or impossible
   */
  constructor(db: Database) {
    this.db = db
    const states = replay(this.all())
    for (const machine of MACHINES) checkRows(db, machine, states[machine])
  }

  /** Adds an event; inside the transaction that changes the machine's row. */
  add(e: JournalEvent): void {
    const last = this.db.get('SELECT seq, sum FROM event ORDER BY seq DESC LIMIT 1')
    const seq = BigInt(last?.['seq']?.toString() ?? 0) + 1n
    const before = last?.['sum'] ?? ORIGIN
    const cells = [seq, e.atMs, e.machine, e.id, e.hash, e.event, e.state, e.msat, e.feeMsat]
    this.db.run(
      `INSERT INTO event (${COLUMNS.join(', ')}, sum) VALUES (${'?, '.repeat(9)}?)`,
      ...cells,
      checksum('event', [before, ...cells]),
    )
  }

  /**
   * All events in order.
   * @throws {@link LntError} `BAD_JOURNAL` when one is missing or changed
   */
  all(): JournalEvent[] {
    let before: Cell = ORIGIN
    return this.db.all('SELECT * FROM event ORDER BY seq').map((row, i) => {
      const r = new Reader('event', row, COLUMNS, [before])
      if (r.integer('seq') !== i + 1) throw r.bad('seq')
      before = r.bytes('sum', 32)
      return readEvent(r)
    })
  }
}

function readEvent(r: Reader): JournalEvent {
  return {
    atMs: r.integer('at_ms'),
    machine: r.word('machine', MACHINES),
    id: r.integer('id'),
    hash: r.bytes('hash', 32),
    event: r.text('event'),
    state: r.text('state'),
    msat: r.msat('msat'),
    feeMsat: r.msat('fee_msat'),
  }
}

/** State by row id, for each machine. */
type States = Readonly<Record<Machine, Map<number, string>>>

function replay(events: readonly JournalEvent[]): States {
  const states: States = { purchase: new Map(), sale: new Map() }
  for (const { machine, id, event, state } of events) {
    const rows = states[machine]
    let to: string
    try {
      to = nextState(machine, rows.get(id), event)
    } catch (cause) {
      throw bad(`${machine} ${id} cannot have had ${event}`, cause)
    }
    if (to !== state) throw bad(`${machine} ${id} cannot be ${state} after ${event}`)
    rows.set(id, to)
  }
  return states
}

function checkRows(db: Database, machine: Machine, states: ReadonlyMap<number, string>): void {
  const rows = db.all(`SELECT id, state FROM ${machine}`)
  for (const { id, state } of rows)
    if (states.get(Number(id)) !== state) throw bad(`${machine} ${String(id)} is not as its events`)
  if (rows.length !== states.size) throw bad(`a ${machine} is missing`)
}

function bad(why: string, cause?: unknown): LntError {
  return new LntError({ code: 'BAD_JOURNAL', why }, { cause })
}
