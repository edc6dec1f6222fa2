/**
 * The groups of keys that offers and evidence share: a record with its path, an endorsement.
 * @module
 */
import type { Dict } from '../../src/core/bencode.ts'
import type { Certificate, Endorsement, RecordProof } from '../../src/core/purchase.ts'
import {
  type Bounds,
  malformed,
  readBytes,
  readInteger,
  readPath,
  refuseKeys,
  UNSIGNED,
} from './fields.ts'
import { HASH_BYTES, MAX_COUPON_NODE, MAX_RECORD_PATH, SIGNATURE_BYTES } from './limits.ts'

/** Length of a record path in hashes: at least the root's two children make one. */
export const RECORD_PATH: Bounds = { min: 1, max: MAX_RECORD_PATH }

/** What npm bencode writes: `undefined` leaves the key out. */
export type Writable = number | string | Uint8Array | readonly number[] | undefined

const CERTIFICATE_KEYS = ['x', 'cexp', 'dk', 'cert'] as const

/** Reads kc, pt, cv, rpath, each with `prefix` before its name. @throws {@link LntError} `BAD_MESSAGE` */
export function readRecordProof(dict: Dict, prefix: '' | 'd' = ''): RecordProof {
  return {
    kc: readBytes(dict, `${prefix}kc`, HASH_BYTES),
    pt: readBytes(dict, `${prefix}pt`, HASH_BYTES),
    cv: readBytes(dict, `${prefix}cv`, HASH_BYTES),
    rpath: readPath(dict, `${prefix}rpath`, RECORD_PATH),
  }
}

/** The keys of {@link readRecordProof}. */
export function recordProofKeys(
  proof: RecordProof,
  prefix: '' | 'd' = '',
): Record<string, Writable> {
  const { kc, pt, cv, rpath } = proof
  return {
    [`${prefix}kc`]: kc,
    [`${prefix}pt`]: pt,
    [`${prefix}cv`]: cv,
    [`${prefix}rpath`]: rpath,
  }
}

/**
 * Reads exp and sig, which come both or neither, and the certificate, all or none and only with them.
 * @throws {@link LntError} `BAD_MESSAGE`
 */
export function readEndorsement(dict: Dict): Endorsement | undefined {
  if (!dict.has('sig') && !dict.has('exp')) {
    refuseKeys(dict, ...CERTIFICATE_KEYS)
    return undefined
  }
  const exp = readInteger(dict, 'exp', UNSIGNED)
  const sig = readBytes(dict, 'sig', SIGNATURE_BYTES)
  const delegate = readCertificate(dict)
  return delegate === undefined ? { exp, sig } : { exp, sig, delegate }
}

/** The keys of {@link readEndorsement}. */
export function endorsementKeys(endorsement: Endorsement | undefined): Record<string, Writable> {
  const delegate = endorsement?.delegate
  return {
    exp: endorsement?.exp,
    sig: endorsement?.sig,
    x: delegate?.x,
    cexp: delegate?.certExp,
    dk: delegate?.dk,
    cert: delegate?.cert,
  }
}

/** An endorsement that the message cannot do without. @throws {@link LntError} `BAD_MESSAGE` */
export function requireEndorsement(dict: Dict): Endorsement {
  const endorsement = readEndorsement(dict)
  if (endorsement === undefined) throw malformed('exp and sig')
  return endorsement
}

function readCertificate(dict: Dict): Certificate | undefined {
  if (!CERTIFICATE_KEYS.some((key) => dict.has(key))) return undefined
  return {
    x: readInteger(dict, 'x', { min: 1, max: MAX_COUPON_NODE }),
    certExp: readInteger(dict, 'cexp', UNSIGNED),
    dk: readBytes(dict, 'dk', HASH_BYTES),
    cert: readBytes(dict, 'cert', SIGNATURE_BYTES),
  }
}
