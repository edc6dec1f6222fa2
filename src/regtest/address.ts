/**
 * The file that tells where the play-money service of a data directory is, and the word that it lets in.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOf, decodeLine, integerOf, textOf } from './message.ts'
import { writeAtomically } from './state-file.ts'

/** Where a service listens on 127.0.0.1, and how it knows its clients. */
export interface Address {
  readonly port: number
  /** What `hello` must bring, hex. */
  readonly token: string
  /** Which run of the service it must be; unknown when a user named the port. */
  readonly instance?: string
}

/** What `service.json` holds. */
export interface ServiceFile extends Address {
  /** Process of the service; 0 once it has left in good order. */
  readonly pid: number
  readonly instance: string
}

/** Directory of the play-money network in a data directory. */
export function regtestDirectory(dataDir: string): string {
  return join(dataDir, 'regtest')
}

/** Reads `service.json`. @returns undefined when there is none that can be used */
export function readServiceFile(directory: string): ServiceFile | undefined {
  try {
    const fields = decodeLine(readFileSync(join(directory, 'service.json'), 'utf8'))
    bytesOf(fields, 'token', { max: 64 })
    return {
      port: integerOf(fields, 'port', 1, 65_535),
      token: textOf(fields, 'token', 128),
      instance: textOf(fields, 'instance', 128),
      pid: integerOf(fields, 'pid', 0, Number.MAX_SAFE_INTEGER),
    }
  } catch {
    return undefined
  }
}

/** Writes `service.json`, mode 0600. @throws LntError `FILE_SYSTEM` */
export function writeServiceFile(directory: string, file: ServiceFile): void {
  const text = JSON.stringify({ host: '127.0.0.1', ...file }, undefined, 2)
  writeAtomically(join(directory, 'service.json'), `${text}\n`)
}
