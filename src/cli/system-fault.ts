/**
 * What the operating system refused, in words.
 * @module
 */

const WORDS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder'],
  ['ENOTDIR', 'a file is where a folder is needed'],
  ['EISDIR', 'this is a folder, and a file is needed'],
  ['EEXIST', 'it is there already: move it away, or choose another name'],
  ['EACCES', 'permission denied: choose a place that is yours, or change its rights'],
  ['EPERM', 'permission denied: choose a place that is yours, or change its rights'],
  ['EROFS', 'this disk can only be read: choose another place'],
  ['ENOSPC', 'the disk is full: make room and start again, nothing that was paid for is lost'],
  ['EDQUOT', 'your share of this disk is used up: make room and start again'],
  ['ENAMETOOLONG', 'this name is too long for the disk: choose a shorter one'],
  ['ELOOP', 'its links go round in a ring'],
  ['EMFILE', 'too many open files: raise the limit (ulimit -n)'],
  ['EIO', 'the disk cannot be read or written: check it'],
])

/** Words for a system error that `err` is or was caused by; undefined when there is none that we know. */
export function systemSentence(err: unknown): string | undefined {
  for (let at = err; at instanceof Error; at = at.cause) {
    const words = 'code' in at ? WORDS.get(String(at.code)) : undefined
    if (words !== undefined) return words
  }
  return undefined
}
