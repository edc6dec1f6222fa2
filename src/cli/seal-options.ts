/**
 * Options of sealing, for `seed` and `seal`.
 * @module
 */
import type { Command } from 'commander'
import type { SealSettings } from '../client.ts'
import { bytes, refuse, whole } from './options.ts'

/** What they give. */
export interface SealFlags {
  readonly pieceLength?: number
  readonly coupons?: number
  readonly buyers?: number
  readonly free?: number
  readonly masterFile?: string
  readonly anonymous?: boolean
}

/** Adds them. */
export function withSealing(command: Command): Command {
  return command
    .option(
      '--piece-length <bytes>',
      'length of a piece, like 256K (default: by size)',
      bytes('--piece-length', 2 ** 14, 2 ** 26),
    )
    .option('--coupons <number>', 'coupons per span, a power of two up to 65536', coupons)
    .option(
      '--buyers <number>',
      'choose the coupons for this many buyers',
      whole('--buyers', 1, 65_536),
    )
    .option(
      '--free <pieces>',
      'first pieces given away as a preview, 0 to 3',
      whole('--free', 0, 3),
    )
    .option(
      '--master-file <file>',
      "32 bytes of hex: the publisher's master (default: the profile's)",
    )
    .option('--anonymous', 'a publisher key for this torrent alone')
}

/** What the client takes. */
export function sealOptions(flags: SealFlags): SealSettings {
  return {
    ...(flags.pieceLength !== undefined && { pieceBytes: flags.pieceLength }),
    ...(flags.coupons !== undefined && { coupons: flags.coupons }),
    ...(flags.buyers !== undefined && { buyers: flags.buyers }),
    ...(flags.free !== undefined && { freePieces: flags.free }),
    ...(flags.masterFile !== undefined && { masterFile: flags.masterFile }),
    ...(flags.anonymous !== undefined && { isAnonymous: flags.anonymous }),
  }
}

const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value))

function coupons(text: string): number {
  const value = whole('--coupons', 1, 65_536)(text)
  if (isPowerOfTwo(value)) return value
  return refuse(`--coupons is ${text}`, 'give a power of two up to 65536')
}
