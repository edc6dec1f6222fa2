/**
 * Records, their tree and what a buyer knows of it: one door to the three files (docs/protocol.md §5).
 * @module
 */
export {
  isRun,
  MAX_RUN_LEVEL,
  RECORD_BYTES,
  type RecordRoot,
  recordInner,
  recordLeaf,
  rowOf,
  verifyRecord,
} from './record.ts'
export { RecordBook, type RunRequest } from './record-book.ts'
export {
  type RecordRun,
  type Records,
  type RecordTable,
  recordTable,
  rowsBytes,
} from './record-table.ts'
