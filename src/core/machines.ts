/**
 * The page docs/machines.md: every state table, drawn from itself.
 * @module
 */
import { mermaid, type Table } from './machine.ts'
import { PURCHASE } from './purchase.ts'
import { RESALE } from './resale.ts'
import { SALE } from './sale.ts'

const MACHINES: readonly (readonly [name: string, about: string, table: Table<string, string>])[] =
  [
    [
      'purchase',
      "The buyer's side. From `paying` on only the wallet's word moves it (money law 3). Journalled from `offered` on.",
      PURCHASE,
    ],
    ['sale', "The seller's side. Journalled before its endorsement is signed.", SALE],
    [
      'resale',
      "The forwarder's side. From `known` no row leads to `cancelled` (money law 4).",
      RESALE,
    ],
  ]

/** Markdown of docs/machines.md; a test compares the file with it. */
export function machinesPage(): string {
  const sections = MACHINES.map(
    ([name, about, table]) => `## ${name}\n\n${about}\n\n\`\`\`mermaid\n${mermaid(table)}\`\`\`\n`,
  )
  return [
    '# State machines\n',
    'Generated from the tables in `src/core/` (`npm run docs`); docs/protocol.md §9 says what they mean.\n',
    ...sections,
  ].join('\n')
}
