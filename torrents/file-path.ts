/**
 * Which file names a torrent may carry: none that reaches outside its folder or means a device (BEP 3, BEP 52).
 * @module
 */

/** Longest path component in bytes of UTF-8: what ext4, APFS and NTFS take. */
export const MAX_COMPONENT_BYTES = 255

/** Longest path, name and separators included, in bytes of UTF-8. */
export const MAX_PATH_BYTES = 1_024

/** Most folders in a path. */
export const MAX_COMPONENTS = 32

/** Device names of Windows, with any extension: writing there is not writing a file. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?$/i

/** Control characters, and the marks that turn the direction of a line: `gpj.exe` shown as `exe.jpg`. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

/** What is wrong with one component of a path, in a few words; undefined when nothing is. */
export function componentFault(component: string): string | undefined {
  if (component === '') return 'empty file name'
  if (!component.isWellFormed()) return 'file name is not Unicode'
  if (new TextEncoder().encode(component).length > MAX_COMPONENT_BYTES) return 'file name too long'
  if (/[/\\]/.test(component)) return 'separator in a file name'
  if (UNPRINTABLE.test(component)) return 'control character in a file name'
  // Also '..', '. ', '...': Windows drops trailing dots and blanks.
  if (/^[. ]+$/.test(component)) return 'file name of dots'
  if (/^[a-z]:/i.test(component)) return 'drive letter in a file name'
  if (DEVICE.test(component.replace(/[. ]+$/, '').replace(/ +(?=\.)/, ''))) return 'device name'
  return undefined
}

/** What is wrong with the paths of a torrent together: too long, or two that one disk would take for one. */
export function pathsFault(
  name: string,
  paths: readonly (readonly string[])[],
): string | undefined {
  const folders = new Set<string>()
  const files = new Set<string>()
  for (const path of paths) {
    if (path.length > MAX_COMPONENTS) return 'too many folders in a path'
    if (new TextEncoder().encode([name, ...path].join('/')).length > MAX_PATH_BYTES)
      return 'path too long'
    const folded = path.map(foldName)
    for (let i = 1; i < folded.length; i++) folders.add(folded.slice(0, i).join('/'))
    const file = folded.join('/')
    if (files.has(file)) return 'two files of one name'
    files.add(file)
  }
  for (const folder of folders) if (files.has(folder)) return 'a file and a folder of one name'
  return undefined
}

/** What two names have in common when a disk without case, or Windows, takes them for one. */
function foldName(component: string): string {
  return component
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .replace(/[. ]+$/, '')
}
