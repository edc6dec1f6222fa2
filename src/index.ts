/**
 * The library: seal, seed, stream and download in a few lines; everything that happens comes as events.
 * @module
 */
import {
  type BuySettings,
  type Client,
  type ClientEvent,
  type ClientOptions,
  dataDirectory,
  type Inspection,
  openClient,
  type SealSettings,
  type SeedRequest,
  sealToFile,
  type Tell,
} from './client.ts'

export {
  type BuySettings,
  Client,
  type ClientEvent,
  type ClientOptions,
  dataDirectory,
  type FeeRule,
  type Inspection,
  inspect,
  openClient,
  readBooks,
  regtestStatus,
  resetRegtest,
  runRegtest,
  type SealSettings,
  type SeedRequest,
  type Status,
  stopRegtest,
  type Tell,
} from './client.ts'
export { type ErrorCode, type ErrorDetail, hasCode, LntError } from './core/errors.ts'
export type { Network } from './core/network.ts'
export type { Capabilities, Hold, Payment, Wallet } from './wallet/wallet.ts'

/** How a profile is opened; what is left out is what the command line does. */
export interface Options extends Partial<ClientOptions> {
  /** Told everything that happens. Must not throw. */
  readonly tell?: Tell
  /** Aborting it ends the work cleanly. */
  readonly signal?: AbortSignal
}

/** What to seal, and where the .torrent goes. */
export interface SealOptions extends SealSettings, Pick<Options, 'dataDir' | 'profile' | 'tell'> {
  readonly path: string
  /** The .torrent to write. */
  readonly out: string
  readonly signal?: AbortSignal
}

/** A torrent that is being seeded and sold. */
export interface Seeded {
  /** With x.lnt and the addresses of this machine. */
  readonly magnet: string
  /** Resolves when `signal` aborts. @throws {@link LntError} when selling fails */
  untilStopped(): Promise<void>
  /** Takes back offers, settles or cancels what is held, closes the profile. */
  close(): Promise<void>
}

/** A torrent that is being played. */
export interface Played {
  /** The file on 127.0.0.1, with a secret of this run in it: ranges work. */
  readonly url: string
  /** A page with a video element. */
  readonly page: string
  /** Resolves when the player has ended or `signal` aborts, and the profile is closed. */
  readonly ended: Promise<'player' | 'signal'>
}

/** Writes a sealed .torrent without seeding it. @throws {@link LntError} */
export function seal(options: SealOptions): Promise<Inspection> {
  const { dataDir, profile = 'seller', tell = ignore, signal = never(), ...request } = options
  return sealToFile({ ...request, dataDir: dataDirectory(dataDir), profile }, tell, signal)
}

/** Seals a path unless it is sealed, serves its ciphertext, sells its keys until closed. @throws {@link LntError} */
export async function seed(request: SeedRequest, options: Options = {}): Promise<Seeded> {
  const client = await open('seller', options, options.tell ?? ignore)
  try {
    const magnet = await client.seed(request)
    return {
      magnet,
      untilStopped: () => client.untilStopped(),
      close: () => client.close(),
    }
  } catch (err) {
    await client.close()
    throw err
  }
}

/**
 * Serves a torrent's largest file to a player, buying just ahead of it.
 * @param link - magnet link with x.lnt, or path of a sealed .torrent
 * @param request - `player: 'none'` opens none: use `url`
 * @throws {@link LntError}
 */
export async function stream(
  link: string,
  request: BuySettings & { readonly player?: string; readonly httpPort?: number } = {},
  options: Options = {},
): Promise<Played> {
  const { tell = ignore } = options
  const started = Promise.withResolvers<ClientEvent & { event: 'player' }>()
  const client = await open('viewer', options, (event) => {
    if (event.event === 'player') started.resolve(event)
    tell(event)
  })
  const ended = playOut(client, { ...request, link })
  // Whoever awaits `ended` is told; before that, whoever awaits the start is.
  ended.catch((err: unknown) => started.reject(err))
  const { url, page } = await Promise.race([started.promise, ended.then(neverPlayed)])
  return { url, page, ended }
}

/**
 * Buys a torrent and writes its plaintext into a folder.
 * @param link - magnet link with x.lnt, or path of a sealed .torrent
 * @returns `signal` when aborted before it was whole: the next call goes on from there
 * @throws {@link LntError}
 */
export async function download(
  link: string,
  request: BuySettings & { readonly out: string },
  options: Options = {},
): Promise<'done' | 'signal'> {
  const client = await open('viewer', options, options.tell ?? ignore)
  try {
    return await client.download({ ...request, link })
  } finally {
    await client.close()
  }
}

async function playOut(
  client: Client,
  request: Parameters<Client['stream']>[0],
): Promise<'player' | 'signal'> {
  try {
    return await client.stream(request)
  } finally {
    await client.close()
  }
}

function open(defaultProfile: string, options: Options, tell: Tell): Promise<Client> {
  const { tell: _, signal = never(), dataDir, ...rest } = options
  const defaults = { profile: defaultProfile, wallet: 'regtest:', lsd: true }
  return openClient({ ...defaults, ...rest, dataDir: dataDirectory(dataDir) }, tell, signal)
}

function ignore(): void {}

function never(): AbortSignal {
  return new AbortController().signal
}

function neverPlayed(): never {
  throw new DOMException('ended before anything could be played', 'AbortError')
}
