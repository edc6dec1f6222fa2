/**
 * Splits what a user typed as `--player` into words, as a shell would, without one.
 * @module
 */
import { LntError } from '../core/errors.ts'

/** One word: bare characters, quoted parts and escaped characters, side by side. */
const WORD = /(?:[^\s"'\\]|"(?:[^"\\]|\\.)*"|'[^']*'|\\.)+/gs
const PART = /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)|([^"'\\]+)/gs

/** On Windows a backslash is a letter of a path, and an apostrophe one of a name. */
const WINDOWS_WORD = /(?:[^\s"]|"[^"]*")+/g

/**
 * Words of a command line. Quotes group, a backslash takes the next character as it is; nothing is expanded.
 * @throws {@link LntError} `BAD_INPUT` when a quote is not closed
 */
export function wordsOf(command: string, platform: NodeJS.Platform): string[] {
  const isWindows = platform === 'win32'
  const pattern = isWindows ? WINDOWS_WORD : WORD
  // What the pattern does not take, spaces aside, is a quote or a backslash with nothing after it.
  if (/\S/.test(command.replaceAll(pattern, '')))
    throw new LntError({ code: 'BAD_INPUT', what: `a quote is not closed: ${command}` })
  const words = command.match(pattern) ?? []
  return words.map((word) => (isWindows ? word.replaceAll('"', '') : word.replaceAll(PART, bare)))
}

function bare(
  _part: string,
  double?: string,
  single?: string,
  escaped?: string,
  plain?: string,
): string {
  if (double !== undefined) return double.replaceAll(/\\(.)/gs, '$1')
  return single ?? escaped ?? plain ?? ''
}
