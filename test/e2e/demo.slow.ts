import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'tape'

const run = promisify(execFile)
const DEMO = ['bin/lntorrent.js', 'demo']
/** What the issue allows on two cores. */
const LIMIT_MS = 60_000

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

test('demo: as README has it, it ends well within a minute and leaves nothing behind', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lntorrent-test-'))
  try {
    const env = { ...process.env, TMPDIR: folder, NO_COLOR: '1' }
    const { stdout, stderr } = await run(process.execPath, DEMO, { env, timeout: LIMIT_MS })
    t.equal(stderr, '')
    for (const line of [
      /^both have the video, byte for byte/m,
      /^seller was paid 430 sat in \d+ sales$/m,
      /^viewer paid 215 sat in \d+ payments \(fees 0 sat\)$/m,
      /^collector paid 215 sat in \d+ payments \(fees 0 sat\)$/m,
      /^the books balance: 430 sat out = 430 sat in \+ 0 sat fees/m,
    ])
      t.ok(line.test(stdout), String(line))
    const left = await run('ls', ['-A', folder])
    t.equal(left.stdout, '', 'its folder is gone')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  t.end()
})

test('demo: --json says the same to machines, --keep keeps the folder', async (t) => {
  const { stdout } = await run(process.execPath, [...DEMO, '--json', '--keep'], {
    timeout: LIMIT_MS,
  })
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const of = (key: string): unknown => lines.find((line) => key in line)?.[key]
  const kept = String(of('kept'))
  try {
    t.equal(of('balanced'), true)
    t.equal(of('sha256'), sha256('src/cli/sample.mp4'))
    t.equal(sha256(join(kept, 'sample.mp4')), of('sha256'), 'the download is in the kept folder')
    t.ok(existsSync(join(kept, 'profiles', 'seller', 'journal.db')))
  } finally {
    rmSync(kept, { recursive: true, force: true })
  }
  t.end()
})
