/**
 * One service a directory: a lock that a killed process leaves free. Its owner listens on a port and says its
 * instance there; a lock whose port does not say so is free. Locks are numbered, each made once (link),
 * and the highest is never deleted: who finds it free makes the next one, and of two who do so one fails.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { linkSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../core/bytes.ts'
import { hasCode } from '../core/errors.ts'
import { Link } from './link.ts'
import { decodeLine, integerOf, textOf } from './message.ts'
import { writeAtomically } from './state-file.ts'

/** Who holds a lock. */
export interface Owner {
  readonly pid: number
  /** Port on 127.0.0.1 where it listens from before the claim to its end. */
  readonly port: number
  readonly instance: string
}

/** Takes the lock of a directory. @returns whether it is ours now; it is until this process ends */
export async function claimLock(directory: string, owner: Owner): Promise<boolean> {
  for (;;) {
    const last = Math.max(0, ...numbers(directory))
    if (last > 0 && (await isAlive(readOwner(directory, last)))) return false
    const mine = last + 1
    if (!make(directory, mine, owner)) continue
    // A higher one means that we looked long ago: ours filled a gap that its owner had swept.
    if (Math.max(...numbers(directory)) > mine) {
      rmSync(pathOf(directory, mine), { force: true })
      continue
    }
    for (const number of numbers(directory))
      if (number < mine) rmSync(pathOf(directory, number), { force: true })
    return true
  }
}

/** The live owner of a directory's lock, if there is one. */
export async function lockOwner(directory: string): Promise<Owner | undefined> {
  const last = Math.max(0, ...numbers(directory))
  const owner = last > 0 ? readOwner(directory, last) : undefined
  return (await isAlive(owner)) ? owner : undefined
}

/** Whether a file of the directory belongs to the lock. */
export function isLockFile(name: string): boolean {
  return /^lock\.\d+$/.test(name)
}

/** @returns false when this number is taken */
function make(directory: string, number: number, owner: Owner): boolean {
  const beside = join(directory, `claim.${toHex(randomBytes(6))}`)
  writeAtomically(beside, JSON.stringify(owner))
  try {
    linkSync(beside, pathOf(directory, number))
    return true
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'EEXIST') return false
    throw err
  } finally {
    rmSync(beside, { force: true })
  }
}

async function isAlive(owner: Owner | undefined): Promise<boolean> {
  if (!owner || !isProcess(owner.pid)) return false
  try {
    const link = await Link.open(owner)
    link.close()
    return true
  } catch (err) {
    // A process that is stopped or very busy accepts and says nothing: it still holds its lock.
    if (hasCode(err, 'REGTEST_FAILED')) return true
    if (hasCode(err, 'WALLET_UNAVAILABLE')) return false
    throw err
  }
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (err) {
    return err instanceof Error && 'code' in err && err.code === 'EPERM'
  }
}

function readOwner(directory: string, number: number): Owner | undefined {
  try {
    const fields = decodeLine(readFileSync(pathOf(directory, number), 'utf8'))
    return {
      pid: integerOf(fields, 'pid', 1, Number.MAX_SAFE_INTEGER),
      port: integerOf(fields, 'port', 1, 65_535),
      instance: textOf(fields, 'instance', 128),
    }
  } catch {
    return undefined
  }
}

function numbers(directory: string): number[] {
  return readdirSync(directory)
    .filter(isLockFile)
    .map((name) => Number(name.slice('lock.'.length)))
}

function pathOf(directory: string, number: number): string {
  return join(directory, `lock.${number}`)
}
