/**
 * The few file operations that a node's survival hangs on, behind one interface so that tests can crash in each.
 * @module
 */
import { type FileHandle, open, rename } from 'node:fs/promises'

/** How bytes get to the disk. */
export interface Disk {
  /** Appends to an open file. */
  write(file: FileHandle, bytes: Uint8Array): Promise<void>
  /** Returns once everything written to the file would survive a power cut. */
  sync(file: FileHandle): Promise<void>
  /** Puts one file in the place of another, atomically and durably; both lie in `directory`. */
  replace(from: string, to: string, directory: string): Promise<void>
}

/** The disk of the operating system. */
export const DISK: Disk = {
  async write(file, bytes) {
    for (let at = 0; at < bytes.length; )
      at += (await file.write(bytes, at, bytes.length - at)).bytesWritten
  },
  sync: (file) => file.datasync(),
  async replace(from, to, directory) {
    await rename(from, to)
    const folder = await open(directory)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}
