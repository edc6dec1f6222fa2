import { readdirSync, readFileSync } from 'node:fs'
import test from 'tape'

const roots = ['src', 'extensions', 'torrents', 'sim']
const files = roots.flatMap((root) =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => `${root}/${name}`),
)

test('house: every source file begins with its one sentence', (t) => {
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    if (!text.startsWith('/**') || !text.slice(0, 900).includes('@module')) t.fail(file)
  }
  t.ok(files.length > 0, `${files.length} files`)
  t.end()
})

test('house: no file is called utils, helpers, common, types or manager', (t) => {
  t.deepEqual(
    files.filter((file) => /\/(utils|helpers|common|types|manager)\.ts$/.test(file)),
    [],
  )
  t.end()
})

/** Entries of processes and threads: they begin to work when they are loaded. */
const ENTRIES = ['src/regtest/main.ts', 'torrents/seal-worker.ts', 'torrents/open-worker.ts']

test('house: every source file can be loaded by itself', async (t) => {
  for (const file of files.filter((name) => !ENTRIES.includes(name)))
    await import(`../${file}`).catch((err: unknown) => t.fail(`${file}: ${String(err)}`))
  t.pass('loaded')
  t.end()
})
