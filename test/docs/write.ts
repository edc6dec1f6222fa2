/**
 * `npm run docs`: writes the pages of docs/ that come from the code.
 * @module
 */
import { writeFileSync } from 'node:fs'
import { PAGES } from './pages.ts'

for (const [path, page] of Object.entries(PAGES)) {
  writeFileSync(path, page())
  console.log(path)
}
