/** Runs the Python implementation of test/independent, written from docs/protocol.md alone, against this one. @module */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import test, { type Test } from 'tape'

const REPO = resolve(import.meta.dirname, '../..')
/** What the Python side imports; pinned, for it is not the project's. */
const PACKAGES = ['cryptography==50.0.2', 'coincurve==21.0.0', 'bech32==1.2.0']
const LIMIT_MS = 170_000
/** Each prints its claims, one a line. */
const PARTS = ['vectors', 'sealing', 'buying', 'flooding', 'selling', 'lying', 'stalling']

/** Python with the packages, or why there is none. */
function python(folder: string): { readonly path: string } | { readonly missing: string } {
  const given = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))'])
  if (given.status !== 0) return { missing: 'no python3 of 3.11 or newer' }
  const venv = join(folder, 'venv')
  const path = join(venv, 'bin', 'python')
  for (const [program, ...args] of [
    ['python3', '-m', 'venv', venv],
    [path, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES],
  ] as const) {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 })
    if (status !== 0) return { missing: `${args.slice(0, 3).join(' ')}: ${stderr.slice(-200)}` }
  }
  return { path }
}

async function runParts(t: Test, path: string, folder: string): Promise<void> {
  const seed = String(Math.floor(Math.random() * 1e9))
  const main = join(REPO, 'test/independent/main.py')
  const vectors = join(REPO, 'test/vectors/lnt1.json')
  const child = spawn(path, ['-B', main, REPO, vectors, folder, seed, ...PARTS], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  })
  let claims = 0
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint = `${complaint}${String(chunk)}`.slice(-2000)
  })
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith('claim: ')) {
      claims += 1
      t.pass(line.slice('claim: '.length))
    } else t.comment(line)
  })
  const code = await new Promise((done) => child.on('close', done))
  t.equal(code, 0, `every claim holds, seed ${seed}${code === 0 ? '' : `: ${complaint}`}`)
  t.ok(claims >= PARTS.length, 'every part has made its claims')
}

test('e2e: an implementation from the text alone trades with this one, and lies to it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lnt-independent-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const found = python(folder)
  if ('missing' in found) return t.skip(`the Python side is left out: ${found.missing}`)
  await runParts(t, found.path, folder)
})
