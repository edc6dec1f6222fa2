/**
 * Serves record rows, free of charge, to whoever asks: a publisher from its table, a buyer what it has verified.
 * @module
 */
import {
  type GetRecords,
  type Message,
  REJECT,
  type Reject,
} from '../../extensions/lnt-trade/message.ts'
import type { TradePeer } from '../../extensions/lnt-trade/peer.ts'
import { isRun, type Records } from '../../torrents/records.ts'
import type { Admission } from './admission.ts'

/** What rows are served from. */
export interface RecordsDeskPorts {
  readonly pieces: number
  readonly records: Records
  /** Knows the peer already: whoever owns the connection has called `opened`. */
  readonly admission: Admission
}

/** Answers getrecords of one torrent. Answers at once, so that an id is never in use for long. */
export class RecordsDesk {
  readonly #ports: RecordsDeskPorts

  constructor(ports: RecordsDeskPorts) {
    this.#ports = ports
  }

  /** Answers with the rows, or with reject 4 (too fast), 7 (no such run) or 1 (not known here). */
  received(peer: TradePeer, ask: GetRecords): void {
    peer.send(this.#answer(peer, ask))
  }

  #answer(peer: TradePeer, { id, span, level }: GetRecords): Message {
    const { pieces, records, admission } = this.#ports
    const waitMs = admission.getrecords(peer)
    if (waitMs > 0) return { ...refusal(id, REJECT.busy, 'too fast'), waitMs }
    if (!isRun(pieces, span, level)) return refusal(id, REJECT.badSpan, 'no such span or level')
    const run = records.run(span, level)
    if (run === undefined) return refusal(id, REJECT.noKey, 'no rows')
    return { type: 'records', id, span, level, rows: run.rows, rpath: run.rpath }
  }
}

function refusal(id: number, code: number, text: string): Reject {
  return { type: 'reject', id, code, text }
}
