/**
 * Options that every command with a wallet has, and the client they open.
 * @module
 */
import { type Command, Option } from 'commander'
import { type ClientOptions, dataDirectory } from '../client.ts'
import { bytes, gather, peer, port, profile, tracker } from './options.ts'

/** What the shared options give. */
export interface ProfileFlags {
  readonly dataDir?: string
  readonly profile?: string
  readonly wallet: string
  readonly port?: number
  readonly peer: string[]
  readonly tracker: string[]
  readonly dht?: boolean
  readonly lsd: boolean
  readonly space: number
  readonly json?: boolean
}

const GIB = 2 ** 30

/** Adds the shared options. */
export function withProfile(command: Command): Command {
  return command
    .option('--data-dir <folder>', 'where profiles, keys and play money live')
    .option('--profile <name>', 'wallet, journal and key ring of its own', profile)
    .option('--wallet <url>', 'regtest: (play money) or regtest://127.0.0.1:PORT', 'regtest:')
    .option(
      '--port <number>',
      'TCP port for peers (default: one kept for the profile)',
      port('--port'),
    )
    .option('--peer <host:port>', 'a peer to connect to; repeatable', gather(peer), [])
    .option('--tracker <url>', 'a tracker to announce to; repeatable', gather(tracker), [])
    .addOption(new Option('--dht', 'look for peers in the DHT (off with play money)'))
    .addOption(new Option('--no-dht', 'do not use the DHT'))
    .option('--no-lsd', 'do not look for peers on the local network')
    .option(
      '--space <bytes>',
      'most ciphertext kept for others while viewing',
      bytes('--space', 2 ** 20, 2 ** 50),
      10 * GIB,
    )
    .option('--json', 'one JSON object a line')
}

/** What the client is opened with. */
export function clientOptions(flags: ProfileFlags, defaultProfile: string): ClientOptions {
  return {
    dataDir: dataDirectory(flags.dataDir),
    profile: flags.profile ?? defaultProfile,
    wallet: flags.wallet,
    ...(flags.port !== undefined && { torrentPort: flags.port }),
    trackers: flags.tracker,
    dht: flags.dht ?? false,
    lsd: flags.lsd,
    spaceBytes: flags.space,
  }
}
