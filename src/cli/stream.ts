/**
 * `lntorrent stream`: buys just ahead of a player.
 * @module
 */
import type { Command } from 'commander'
import { openClient } from '../client.ts'
import { type BuyFlags, buyOptions, withBuying } from './buy-options.ts'
import { port } from './options.ts'
import { clientOptions, type ProfileFlags, withProfile } from './profile-options.ts'
import { run } from './run.ts'

interface Flags extends ProfileFlags, BuyFlags {
  readonly player?: string
  readonly httpPort?: number
}

/** Adds the command. */
export function addStream(program: Command): void {
  const command = program
    .command('stream')
    .description('play a sealed torrent, buying just ahead of the player')
    .argument('<magnet>', 'magnet link with x.lnt, or a sealed .torrent file')
    .option('--player <command>', 'mpv, vlc, a command with arguments, or none', undefined)
    .option('--http-port <number>', 'port of the player URL (default: any)', port('--http-port'))
  withBuying(withProfile(command)).action((link: string, flags: Flags) =>
    run(flags, async (show, signal) => {
      const client = await openClient(clientOptions(flags, 'viewer'), show.tell, signal)
      try {
        const ended = await client.stream({
          link,
          peers: flags.peer,
          ...buyOptions(flags),
          ...(flags.player !== undefined && { player: flags.player }),
          ...(flags.httpPort !== undefined && { httpPort: flags.httpPort }),
        })
        return ended === 'player' ? 0 : undefined
      } finally {
        await client.close()
      }
    }),
  )
}
