#!/usr/bin/env node
// Plain JS that any Node can read: finds a Node that can run lntorrent (>= 22.18 strips types), else says what to do.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const MIN = [22, 18]
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
// Node does not strip types under node_modules: there the package ships dist/. A clone runs its sources, never a stale dist.
const isInstalled = root.split(sep).includes('node_modules')
const entry = isInstalled
  ? join(root, 'dist', 'src', 'cli', 'main.js')
  : join(root, 'src', 'cli', 'main.ts')

function canRun(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > MIN[0] || (major === MIN[0] && minor >= MIN[1])
}

if (canRun(process.versions.node)) {
  const { main } = await import(entry)
  await main(process.argv)
} else {
  const bundled = [
    join(root, 'node_modules', 'node', 'bin', 'node'),
    join(root, 'node_modules', '.bin', 'node'),
    ...(isInstalled ? [join(root, '..', 'node', 'bin', 'node')] : []),
  ].find((path) => existsSync(path))
  if (bundled === undefined) {
    const how = isInstalled ? 'run "npm install node@24" beside it' : `run "npm install" in ${root}`
    console.error(
      `lntorrent: Node ${MIN.join('.')} or newer is needed, this is ${process.versions.node}: install one, or ${how}`,
    )
    process.exit(2)
  }
  // The channel ends when we are killed: the child then closes as on SIGTERM.
  const child = spawn(
    bundled,
    [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
  )
  // On a terminal Ctrl-C reaches the child too: it takes two signals at once for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
}
