/**
 * `lntorrent inspect`: what a sealed torrent or a magnet says of itself.
 * @module
 */
import type { Command } from 'commander'
import prettyBytes from 'pretty-bytes'
import { type Inspection, inspect } from '../client.ts'
import { run } from './run.ts'

/** Adds the command. */
export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('show geometry, sizes, lnt fields, hashes and magnet of a sealed torrent')
    .argument('<torrent>', '.torrent file or magnet link')
    .option('--json', 'one JSON object')
    .action((link: string, flags: { json?: boolean }) =>
      run(flags, async (show) => {
        const found = await inspect(link)
        show.result(table(found), { ...found })
      }),
    )
}

function table(found: Inspection): string {
  const rows: [string, string][] = Object.entries(found).map(([name, value]) => [
    name,
    typeof value === 'number' && name.endsWith('Bytes')
      ? `${value} (${prettyBytes(value, { binary: true })})`
      : Array.isArray(value)
        ? value
            .map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item)))
            .join('\n')
        : String(value),
  ])
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows
    .map(
      ([name, text]) =>
        `${name.padEnd(width)}  ${text.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}`,
    )
    .join('\n')
}
