/**
 * Pages of docs/ that come from the code.
 * @module
 */
import { machinesPage } from '../../src/core/machines.ts'
import { limitsPage } from '../../src/market/limits-page.ts'
import { errorsPage } from './errors-page.ts'

/** Path of each page, and what makes its text. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'docs/machines.md': machinesPage,
  'docs/limits.md': limitsPage,
  'docs/errors.md': errorsPage,
}
