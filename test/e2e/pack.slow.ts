import { execFile, type PromiseWithChild } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import test from 'tape'

/** An install from the registry on a busy machine with two cores. */
const PATIENCE_MS = 300_000
/** Large enough that sealing takes worker threads: dist must find its worker. */
const FILM_BYTES = 8 * 2 ** 20

/** npm tells its children about the project that it runs for: a user's shell has none of that. */
const ENV = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$|NODE_OPTIONS$)/i.test(name)),
)

type Output = PromiseWithChild<{ stdout: string; stderr: string }>

function run(cwd: string, program: string, ...args: string[]): Output {
  return promisify(execFile)(program, args, {
    cwd,
    env: { ...ENV, PATH: `${dirname(process.execPath)}:${ENV['PATH']}` },
    timeout: PATIENCE_MS,
    maxBuffer: 2 ** 26,
  })
}

/** JSON lines of a command; the last one that is no status. */
function lastLine(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
}

const CONSUMER = `
import { type ClientEvent, download, hasCode, LntError, seed, stream } from 'lntorrent'
export const told: ClientEvent[] = []
export async function use(link: string): Promise<string> {
  const film = await seed({ path: 'film.mp4', priceMsat: 5_000n }, { tell: (event) => told.push(event) })
  const { url, ended } = await stream(link, { player: 'none', budgetMsat: 10n })
  await download(film.magnet, { out: '.' })
  if (hasCode(await ended, 'NO_PLAYER') || new LntError({ code: 'BAD_PEER', why: '' })) return url
  // @ts-expect-error: types are there, so this is none of them
  return film.magnets
}
`

test('pack: the tarball installs from the registry alone, and works without this clone', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'lntorrent-pack-'))
  const data = ['--data-dir', join(dir, 'data')]
  try {
    await run('.', 'npm', 'pack', '--silent', '--pack-destination', dir)
    const [tarball = ''] = readdirSync(dir)
    t.match(tarball, /^lntorrent-.*\.tgz$/)
    const app = mkdtempSync(join(dir, 'app-'))
    writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true, "type": "module" }')
    await run(app, 'npm', 'install', '--no-audit', '--no-fund', join(dir, tarball))
    const root = join(app, 'node_modules', 'lntorrent')
    t.notOk(existsSync(join(root, 'src')), 'no sources')
    for (const path of ['dist/src/index.js', 'dist/src/cli/sample.mp4', 'README.md', 'LICENSE'])
      t.ok(existsSync(join(root, path)), path)

    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    const said = await run(app, 'npx', 'lntorrent', '--version')
    t.equal(said.stdout.trim(), version, 'npx lntorrent --version')

    writeFileSync(join(app, 'film.bin'), new Uint8Array(FILM_BYTES).fill(7))
    const seal = ['seal', 'film.bin', '--out', 'film.torrent', '--piece-length', '64K', '--json']
    const sealed = lastLine((await run(app, 'npx', 'lntorrent', ...seal, ...data)).stdout)
    const inspect = ['inspect', 'film.torrent', '--json']
    const inspected = lastLine((await run(app, 'npx', 'lntorrent', ...inspect)).stdout)
    t.match(String(inspected['infoHash']), /^[0-9a-f]{40}$/)
    t.equal(inspected['infoHash'], sealed['infoHash'], 'what was sealed there is what it inspects')
    t.equal(inspected['totalBytes'], FILM_BYTES)

    const names = "import('lntorrent').then((all) => console.log(Object.keys(all).join()))"
    const exported = (await run(app, 'node', '-e', names)).stdout
    for (const name of ['seal', 'seed', 'stream', 'download', 'LntError'])
      t.ok(exported.trim().split(',').includes(name), `import { ${name} } from 'lntorrent'`)

    writeFileSync(join(app, 'use.ts'), CONSUMER)
    const tsc = resolve('node_modules/.bin/tsc')
    const strict = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024']
    const types = [
      '--skipLibCheck',
      '--types',
      'node',
      '--typeRoots',
      resolve('node_modules/@types'),
    ]
    const checked = await run(app, tsc, ...strict, ...types, 'use.ts').catch(
      (err: { stdout: string }) => err,
    )
    t.equal(checked.stdout, '', 'its types are found, and fit')

    const demo = lastLine((await run(app, 'npx', 'lntorrent', 'demo', '--json')).stdout)
    t.equal(demo['balanced'], true, 'the demo runs: wires, Lightning nodes, player, balanced books')
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  t.end()
})
