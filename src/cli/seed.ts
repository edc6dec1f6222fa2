/**
 * `lntorrent seed`: seals files unless they are sealed already, serves their ciphertext, sells their keys.
 * @module
 */
import type { Command } from 'commander'
import { checkPaths, openClient } from '../client.ts'
import { price, refuse, whole } from './options.ts'
import { clientOptions, type ProfileFlags, withProfile } from './profile-options.ts'
import { run } from './run.ts'
import { type SealFlags, sealOptions, withSealing } from './seal-options.ts'

interface Flags extends ProfileFlags, SealFlags {
  readonly pricePerPiece?: bigint
  readonly step?: number
  readonly torrent?: string
}

/** Adds the command. */
export function addSeed(program: Command): void {
  const command = program
    .command('seed')
    .description('seal files, serve their ciphertext to everybody and sell their keys')
    .argument('<path...>', 'files or folders, each a torrent of its own')
    .option(
      '--price-per-piece <sat>',
      'price of one piece, in sat (kept for the next time)',
      price('--price-per-piece'),
    )
    .option(
      '--step <ppm>',
      'discount per doubling of a span, in millionths, up to 500000',
      whole('--step', 0, 500_000),
    )
    .option('--torrent <file>', 'seed PATH as this sealed .torrent')
  withSealing(withProfile(command)).action((paths: string[], flags: Flags) =>
    run(flags, async (show, signal) => {
      if (flags.torrent !== undefined && paths.length > 1)
        refuse(`--torrent goes with one path, not with ${paths.length}`, 'seed them one by one')
      await checkPaths(paths)
      const client = await openClient(clientOptions(flags, 'seller'), show.tell, signal)
      try {
        for (const path of paths)
          await client.seed({
            path,
            ...sealOptions(flags),
            ...(flags.pricePerPiece !== undefined && { priceMsat: flags.pricePerPiece }),
            ...(flags.step !== undefined && { stepPpm: flags.step }),
            ...(flags.torrent !== undefined && { torrentPath: flags.torrent }),
            peers: flags.peer,
          })
        await client.untilStopped()
      } finally {
        await client.close()
      }
    }),
  )
}
