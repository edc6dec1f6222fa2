import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import { wordsOf } from '../../src/player/command.ts'
import { findPlayer, type Machine, runPlayer } from '../../src/player/launch.ts'
import { until } from './http.ts'

/** A folder with programs of these names, each of which writes its arguments to NAME.args and then acts. */
function machineWith(
  programs: Readonly<Record<string, string>>,
  env: Machine['env'] = {},
): Machine & { readonly folder: string; readonly close: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'lnt player '))
  for (const [name, act] of Object.entries(programs)) {
    const path = join(folder, name)
    writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$@" > "${path}.args"\n${act}\n`)
    chmodSync(path, 0o755)
  }
  return {
    folder,
    env: { PATH: folder, ...env },
    platform: 'linux',
    close: () => rmSync(folder, { recursive: true }),
  }
}

const display = { DISPLAY: ':0' }

test('launch: mpv comes before vlc, and neither without a display', (t) => {
  const both = machineWith({ mpv: '', vlc: '' }, display)
  const vlc = machineWith({ vlc: '' }, { WAYLAND_DISPLAY: 'wayland-0' })
  const none = machineWith({}, display)
  const bare = machineWith({ mpv: '' })
  t.equal(findPlayer(both)?.name, 'mpv')
  t.deepEqual(findPlayer(vlc), {
    name: 'vlc',
    file: join(vlc.folder, 'vlc'),
    args: ['--play-and-exit'],
  })
  t.equal(findPlayer(none), undefined)
  t.equal(findPlayer(bare), undefined, 'no display')
  t.equal(findPlayer({ ...bare, platform: 'darwin' })?.name, 'mpv', 'macOS always has one')
  t.equal(findPlayer(bare, 'mpv')?.name, 'mpv', 'one that is named is used all the same')
  t.equal(findPlayer(both, 'none'), undefined)
  for (const machine of [both, vlc, none, bare]) machine.close()
  t.end()
})

test('launch: a wish is a name, a path with spaces in it, or a command with arguments', (t) => {
  const machine = machineWith({ mpv: '', 'my player': '', vlc: '' })
  const own = join(machine.folder, 'my player')
  t.deepEqual(findPlayer(machine, 'mpv --vo=null --ao=null')?.args, ['--vo=null', '--ao=null'])
  t.deepEqual(findPlayer(machine, own), { name: 'my player', file: own, args: [] })
  t.deepEqual(findPlayer(machine, `"${own}" --title 'a b'`)?.args, ['--title', 'a b'])
  t.deepEqual(findPlayer(machine, 'vlc -f')?.args, ['--play-and-exit', '-f'])
  for (const wish of ['mplayer', '/nowhere/mpv', machine.folder, '', ' ', 'constructor'])
    try {
      t.fail(findPlayer(machine, wish)?.file)
    } catch (err) {
      t.ok(hasCode(err, 'NO_PLAYER') && err.detail.player === wish, String(err))
    }
  chmodSync(own, 0o644)
  t.throws(() => findPlayer(machine, own), /NO_PLAYER/, 'a file that cannot be run')
  mkdirSync(join(machine.folder, 'folder'))
  t.throws(() => findPlayer(machine, 'folder'), /NO_PLAYER/, 'nor can a folder')
  machine.close()
  t.end()
})

test('launch: words are split as by a shell, and nothing is expanded', (t) => {
  for (const [command, words] of [
    ['mpv', ['mpv']],
    ['  mpv   --a\t--b ', ['mpv', '--a', '--b']],
    [`mpv "a b" 'c d' e\\ f`, ['mpv', 'a b', 'c d', 'e f']],
    [`mpv --x="a 'b'" 'say "hi"'`, ['mpv', "--x=a 'b'", 'say "hi"']],
    ['mpv "a\\"b" \'\\n\' ""', ['mpv', 'a"b', '\\n', '']],
    ['mpv $HOME `id` ; rm * | x > y && z', 'mpv $HOME `id` ; rm * | x > y && z'.split(' ')],
  ] as const)
    t.deepEqual(wordsOf(command, 'linux'), words, command)
  t.deepEqual(wordsOf(`"C:\\Program Files\\mpv.exe" --it's`, 'win32'), [
    'C:\\Program Files\\mpv.exe',
    "--it's",
  ])
  for (const command of ['mpv "a', "mpv 'a", 'mpv a\\', `mpv "a'`]) {
    let thrown: unknown
    try {
      wordsOf(command, 'linux')
    } catch (err) {
      thrown = err
    }
    t.ok(hasCode(thrown, 'BAD_INPUT'), command)
  }
  t.end()
})

const URL_WITH_ALL = "http://127.0.0.1:1/t/a%20b;$(id)'"

test('launch: a player gets the address as one argument, and its exit code comes back', async (t) => {
  const machine = machineWith({ mpv: 'exit 3' })
  const command = findPlayer(machine, `mpv --title 'a b'`)
  if (!command) throw new Error('not found')
  t.equal(await runPlayer(command, URL_WITH_ALL, new AbortController().signal), 3)
  t.equal(readFileSync(join(machine.folder, 'mpv.args'), 'utf8'), `--title\na b\n${URL_WITH_ALL}\n`)
  machine.close()
})

test('launch: an abort ends the player, also one that does not listen', async (t) => {
  for (const act of ['exec sleep 60', "trap '' TERM; touch ready; while :; do sleep 0.05; done"]) {
    const machine = machineWith({ mpv: `cd "$(dirname "$0")"; ${act}` })
    const env = { ...machine.env, PATH: `${machine.folder}:${process.env['PATH']}` }
    const command = findPlayer({ ...machine, env }, 'mpv')
    if (!command) throw new Error('not found')
    const stop = new AbortController()
    const ended = runPlayer(command, URL_WITH_ALL, stop.signal)
    await until(() => isThere(join(machine.folder, act.includes('ready') ? 'ready' : 'mpv.args')))
    stop.abort()
    t.equal(await ended, undefined, act)
    machine.close()
  }
  const never = { name: 'x', file: '/bin/true', args: [] }
  t.equal(await runPlayer(never, 'x', AbortSignal.abort()), undefined, 'nor does it begin')
})

function isThere(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}

test('launch: a program that cannot be started is NO_PLAYER', async (t) => {
  const gone = { name: 'mpv', file: '/nowhere/mpv', args: [] }
  const err = await runPlayer(gone, 'x', new AbortController().signal).catch((e: unknown) => e)
  t.ok(hasCode(err, 'NO_PLAYER'), String(err))
})
