import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import test from 'tape'
import { catalogue } from './docs/errors-page.ts'
import { PAGES } from './docs/pages.ts'

const PAGES_WRITTEN = [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'extensions/lnt-trade/README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]
const TEXTS = new Map(PAGES_WRITTEN.map((path) => [path, readFileSync(path, 'utf8')]))

/** GitHub's anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

function anchorsOf(path: string): string[] {
  const headings = readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)
  return [...headings].map(([, heading = '']) => anchorOf(heading))
}

for (const [path, text] of TEXTS) {
  test(`docs: every relative link in ${path} leads somewhere`, (t) => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const full = file === '' ? path : join(dirname(path), file)
      if (!existsSync(full)) t.fail(`${target}: no such file`)
      else if (anchor !== undefined && !anchorsOf(full).includes(anchor))
        t.fail(`${target}: no such heading`)
    }
    t.pass('links')
    t.end()
  })
}

test('docs: every npm script that a page names exists', (t) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }
  const named = [...TEXTS].flatMap(([path, text]) =>
    [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => ({ path, script })),
  )
  t.ok(named.length > 0)
  for (const { path, script } of named) t.ok(script in scripts, `${path}: npm run ${script}`)
  t.end()
})

/** Options that pages name although this release has none: each is said to come later there, or is not ours. */
const NOT_OURS = ['--unendorsed', '--enforceable', '--no-gossip', '--conditions', '--help']

/** Code of a page: what stands in backticks, and the lines of its blocks. */
function snippets(text: string): string[] {
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block)
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '')
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
  return [...spans, ...blocks.flatMap((block) => block.split('\n'))].map((code) => code.trim())
}

/** What is wrong with one mention of a command; undefined when it could be typed so. */
function faultOf(mention: string, help: ReadonlyMap<string, string>): string | undefined {
  const [name = '', sub = ''] = mention.split(' ')
  const said = help.get(`${name} ${sub}`) ?? help.get(name)
  if (said === undefined) return 'no such command'
  return [...mention.matchAll(/--[a-z][a-z-]*/g)]
    .map(([option]) => option)
    .find((option) => !NOT_OURS.includes(option) && !said.includes(`${option} `))
}

test('docs: every command and option that a page names is in --help', async (t) => {
  const help = await helpTexts()
  const all = [...help.values()].join()
  for (const [path, text] of TEXTS)
    for (const code of snippets(text)) {
      const [, mention] = /^(?:npx )?lntorrent ([a-z].*)$/.exec(code) ?? []
      const [option] = /^--[a-z][a-z-]*/.exec(code) ?? []
      if (mention !== undefined) t.equal(faultOf(mention, help), undefined, `${path}: ${code}`)
      else if (option !== undefined && !NOT_OURS.includes(option))
        t.ok(all.includes(`${option} `), `${path}: ${code}`)
    }
  t.end()
})

/** Help of each command by its name. */
async function helpTexts(): Promise<Map<string, string>> {
  const run = async (...words: string[]): Promise<string> =>
    (await promisify(execFile)(process.execPath, ['bin/lntorrent.js', ...words, '--help'])).stdout
  const names = ['seed', 'stream', 'download', 'seal', 'inspect', 'regtest', 'demo']
  const subs = ['run', 'status', 'stop', 'reset'].map((sub) => `regtest ${sub}`)
  const entries = [...names, ...subs].map(
    async (name): Promise<[string, string]> => [name, await run(...name.split(' '))],
  )
  return new Map(await Promise.all(entries))
}

test('docs: pages that come from the code are what the code says (npm run docs)', (t) => {
  for (const [path, page] of Object.entries(PAGES))
    t.equal(readFileSync(path, 'utf8'), page(), path)
  t.end()
})

test('docs: docs/errors.md has every code of the catalogue, and no other', (t) => {
  const source = readFileSync('src/core/errors.ts', 'utf8')
  const codes = [...source.matchAll(/readonly code: '([A-Z_]+)'/g)].map(([, code]) => code)
  const known = new Set(codes)
  t.deepEqual(new Set(catalogue().map(([code]) => code)), known, 'each has its sentence')
  const rows = TEXTS.get('docs/errors.md')?.matchAll(/^\| `([A-Z_]+)`/gm) ?? []
  t.deepEqual(new Set([...rows].map(([, code]) => code)), known)
  t.end()
})

test('docs: every test and constant that docs/money.md names is where it says', (t) => {
  const text = TEXTS.get('docs/money.md') ?? ''
  const cells = text.split('\n').filter((line) => line.startsWith('|'))
  for (const line of cells) {
    let file = ''
    for (const [, code = ''] of line.matchAll(/`([^`]+)`/g)) {
      if (/^(test|src)\//.test(code)) {
        file = code
        t.ok(existsSync(file), file)
      } else if (/^law \d/.test(code) || /^[A-Z_]{6,}$/.test(code))
        t.ok(file !== '' && readFileSync(file, 'utf8').includes(code), `${file}: ${code}`)
    }
  }
  t.end()
})

test('docs: every file that docs/architecture.md walks through is there', (t) => {
  const text = TEXTS.get('docs/architecture.md') ?? ''
  const named = [...text.matchAll(/`((?:src|torrents|extensions|test|docs)\/[\w./-]+\.ts)`/g)]
  t.ok(named.length > 30)
  for (const [, file = ''] of named) t.ok(existsSync(file), file)
  t.end()
})
