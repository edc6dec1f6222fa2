/**
 * `lntorrent download`: buys a torrent and writes its plaintext.
 * @module
 */
import type { Command } from 'commander'
import { openClient } from '../client.ts'
import { type BuyFlags, buyOptions, withBuying } from './buy-options.ts'
import { clientOptions, type ProfileFlags, withProfile } from './profile-options.ts'
import { run } from './run.ts'

interface Flags extends ProfileFlags, BuyFlags {
  readonly out: string
  readonly seed?: boolean
}

/** Adds the command. */
export function addDownload(program: Command): void {
  const command = program
    .command('download')
    .description('buy a sealed torrent and write its plaintext')
    .argument('<magnet>', 'magnet link with x.lnt, or a sealed .torrent file')
    .option('--out <folder>', 'where to write it', '.')
    .option('--seed', 'go on serving the ciphertext when it is whole')
  withBuying(withProfile(command)).action((link: string, flags: Flags) =>
    run(flags, async (show, signal) => {
      const client = await openClient(clientOptions(flags, 'viewer'), show.tell, signal)
      try {
        await client.download({ link, out: flags.out, peers: flags.peer, ...buyOptions(flags) })
        if (flags.seed) await client.untilStopped()
      } finally {
        await client.close()
      }
    }),
  )
}
