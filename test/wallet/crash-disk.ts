/**
 * A disk that dies: the n-th operation from when it is armed fails, and all after it.
 * @module
 */
import { DISK, type Disk } from '../../src/wallet/ldk/disk.ts'

/** How the last operation ends: nothing done, a write cut short, or all done and then the power goes. */
export type Manner = 'nothing' | 'torn' | 'done'

/** Where to die. */
export interface Death {
  /** 1: at the first operation after arming. */
  readonly operation: number
  readonly manner: Manner
}

/** A disk with its death. */
export class CrashDisk implements Disk {
  #left = Number.POSITIVE_INFINITY
  #manner: Manner = 'nothing'

  /** Dies at an operation from now on. */
  arm({ operation, manner }: Death): void {
    this.#left = operation
    this.#manner = manner
  }

  get isDead(): boolean {
    return this.#left <= 0
  }

  write: Disk['write'] = (file, bytes) =>
    this.#operate(
      () => DISK.write(file, bytes),
      () => DISK.write(file, bytes.subarray(0, Math.floor(bytes.length / 2))),
    )
  sync: Disk['sync'] = (file) => this.#operate(() => DISK.sync(file))
  replace: Disk['replace'] = (from, to, directory) =>
    this.#operate(() => DISK.replace(from, to, directory))

  async #operate(whole: () => Promise<void>, torn = whole): Promise<void> {
    if (this.isDead) throw new Error('the disk is dead')
    this.#left -= 1
    if (!this.isDead) return whole()
    if (this.#manner === 'done') await whole()
    if (this.#manner === 'torn') await torn()
    throw new Error('the disk died')
  }
}
