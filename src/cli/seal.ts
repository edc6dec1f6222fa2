/**
 * `lntorrent seal`: writes a sealed .torrent without seeding.
 * @module
 */
import type { Command } from 'commander'
import { dataDirectory, sealToFile } from '../client.ts'
import { profile } from './options.ts'
import { run } from './run.ts'
import { type SealFlags, sealOptions, withSealing } from './seal-options.ts'

interface Flags extends SealFlags {
  readonly out: string
  readonly dataDir?: string
  readonly profile: string
  readonly json?: boolean
}

/** Adds the command. */
export function addSeal(program: Command): void {
  const command = program
    .command('seal')
    .description('write a sealed .torrent of a file or folder, without seeding it')
    .argument('<path>', 'file or folder')
    .requiredOption('--out <file>', 'the .torrent to write')
    .option('--data-dir <folder>', 'where profiles live')
    .option('--profile <name>', 'whose master seals', profile, 'seller')
    .option('--json', 'one JSON object a line')
  withSealing(command).action((path: string, flags: Flags) =>
    run(flags, async (show, signal) => {
      const sealed = await sealToFile(
        {
          path,
          out: flags.out,
          dataDir: dataDirectory(flags.dataDir),
          profile: flags.profile,
          ...sealOptions(flags),
        },
        show.tell,
        signal,
      )
      show.result(`${flags.out}\n${String(sealed['magnet'])}`, { ...sealed, out: flags.out })
    }),
  )
}
