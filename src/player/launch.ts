/**
 * Finds a player on this machine and runs it with the server's address.
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, statSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { LntError } from '../core/errors.ts'
import { wordsOf } from './command.ts'

/** Players that we look for, best first, with the arguments that they need from us. */
const PLAYERS: Readonly<Record<string, readonly string[]>> = {
  mpv: [],
  // Without it VLC stays open at the end of the film, and we with it.
  vlc: ['--play-and-exit'],
}

/** Where players are that are not on the PATH. */
const PLACES: Partial<Record<NodeJS.Platform, Readonly<Record<string, readonly string[]>>>> = {
  darwin: {
    mpv: ['/Applications/mpv.app/Contents/MacOS/mpv'],
    vlc: ['/Applications/VLC.app/Contents/MacOS/VLC'],
  },
  win32: {
    vlc: [
      'C:\\Program Files\\VideoLAN\\VLC\\vlc.exe',
      'C:\\Program Files (x86)\\VideoLAN\\VLC\\vlc.exe',
    ],
  },
}

/** How long a player may take to leave when it is told to, before it is killed. */
const LEAVE_MS = 2_000

/** The machine, as far as the choice depends on it. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
}

/** A player that is there. */
export interface PlayerCommand {
  /** For people: `mpv`. */
  readonly name: string
  /** Path of the program. */
  readonly file: string
  /** Arguments before the address. */
  readonly args: readonly string[]
}

/**
 * The player to use; undefined for none: then the address is shown.
 * @param wish - `mpv`, `vlc`, a path, a command with arguments, or `none`; by default mpv or vlc, when there
 *   is a display. One that is named is used without a display as well.
 * @throws {@link LntError} `NO_PLAYER` when a named one is not there; `BAD_INPUT` for an unclosed quote
 */
export function findPlayer(machine: Machine, wish?: string): PlayerCommand | undefined {
  if (wish === 'none') return undefined
  if (wish !== undefined) return named(machine, wish)
  if (!hasDisplay(machine)) return undefined
  for (const [name, args] of Object.entries(PLAYERS)) {
    const file = locate(machine, name)
    if (file !== undefined) return { name, file, args }
  }
  return undefined
}

/**
 * Runs a player until it ends.
 * @param signal - ends the player
 * @returns its exit code; undefined when a signal ended it
 * @throws {@link LntError} `NO_PLAYER` when it cannot be started
 */
export async function runPlayer(
  { name, file, args }: PlayerCommand,
  url: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (signal.aborted) return undefined
  // Its words would run through ours on the terminal, and its keys would take ours.
  const child = spawn(file, [...args, url], { stdio: 'ignore', windowsHide: true })
  let killing: NodeJS.Timeout | undefined
  const leave = (): void => {
    child.kill('SIGTERM')
    killing = setTimeout(() => child.kill('SIGKILL'), LEAVE_MS)
  }
  signal.addEventListener('abort', leave)
  try {
    await once(child, 'exit')
    return child.exitCode ?? undefined
  } catch (cause) {
    throw new LntError({ code: 'NO_PLAYER', player: name }, { cause })
  } finally {
    clearTimeout(killing)
    signal.removeEventListener('abort', leave)
  }
}

function named(machine: Machine, wish: string): PlayerCommand {
  // A path with spaces is a path, not a command.
  const words = isProgram(wish, machine) ? [wish] : wordsOf(wish, machine.platform)
  const [program = '', ...args] = words
  const file = locate(machine, program)
  if (file === undefined) throw new LntError({ code: 'NO_PLAYER', player: wish })
  const name = basename(file).replace(/\.(exe|com)$/i, '')
  const own = Object.hasOwn(PLAYERS, name) ? (PLAYERS[name] ?? []) : []
  return { name, file, args: [...own, ...args] }
}

/** Path of a program: as it is when it names a folder, else looked for. */
function locate(machine: Machine, program: string): string | undefined {
  if (program === '') return undefined
  const isPath = program.includes('/') || (machine.platform === 'win32' && program.includes('\\'))
  if (isPath) return isProgram(program, machine) ? program : undefined
  const folders = (machine.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  // Not .cmd or .bat: those need a shell, which would read the arguments again.
  const names = machine.platform === 'win32' ? [`${program}.exe`, `${program}.com`] : [program]
  const places = machine.platform in PLACES ? PLACES[machine.platform] : undefined
  const known = places && Object.hasOwn(places, program) ? places[program] : undefined
  return [
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
    ...(known ?? []),
  ].find((path) => isProgram(path, machine))
}

function isProgram(path: string, { platform }: Machine): boolean {
  try {
    accessSync(path, platform === 'win32' ? constants.F_OK : constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function hasDisplay({ env, platform }: Machine): boolean {
  if (platform === 'darwin' || platform === 'win32') return true
  return Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY'])
}
