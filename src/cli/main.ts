/**
 * The command line: one command a file, joined here.
 * @module
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addDemo } from './demo.ts'
import { addDownload } from './download.ts'
import { addInspect } from './inspect.ts'
import { addRegtest } from './regtest.ts'
import { addSeal } from './seal.ts'
import { addSeed } from './seed.ts'
import { openShow } from './show.ts'
import { addStream } from './stream.ts'

/** Runs one command line. Sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('lntorrent')
    .description(
      'Paid BitTorrent in which nobody has to trust anybody. Play money (regtest) unless told otherwise;\nnot for mainnet money until it has been reviewed.',
    )
    .version(version())
    // Mistakes are shown where all others are.
    .configureOutput({ outputError: () => {} })
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  for (const add of [addSeed, addStream, addDownload, addSeal, addInspect, addRegtest, addDemo])
    add(program)
  try {
    await program.parseAsync([...argv])
  } catch (err) {
    process.exitCode = codeOf(err) ?? openShow({ json: argv.includes('--json') }).fault(err)
  }
}

/** Exit code of what commander has said already: help that was asked for is no mistake, no command at all is one. */
function codeOf(err: unknown): number | undefined {
  if (!(err instanceof CommanderError)) return undefined
  if (err.exitCode === 0) return 0
  return err.code === 'commander.help' ? 2 : undefined
}

function version(): string {
  const here = new URL('../../package.json', import.meta.url)
  const dist = new URL('../../../package.json', import.meta.url)
  const read = (url: URL): unknown => JSON.parse(readFileSync(url, 'utf8'))
  const text: unknown = import.meta.url.endsWith('.ts') ? read(here) : read(dist)
  const isVersioned = typeof text === 'object' && text !== null && 'version' in text
  return isVersioned ? String(text.version) : 'unknown'
}
