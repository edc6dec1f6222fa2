/**
 * All figures that the docs name. `npm run bench` tells how it goes; `--json` prints one JSON object on the last line.
 *   [--json] [--mib 256] [--rounds 3] [--seal-mib 1024] [--quick]
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    mib: { type: 'string' },
    rounds: { type: 'string' },
    'seal-mib': { type: 'string' },
  },
})
const mib = values.mib ?? (values.quick ? '32' : '256')
const rounds = values.rounds ?? (values.quick ? '1' : '5')
const sealMib = values['seal-mib'] ?? (values.quick ? '64' : '1024')

/** Benchmarks one after the other: two at once would measure each other. */
const PARTS: readonly (readonly string[])[] = [
  ['seal.bench.ts', sealMib],
  ['paid.bench.ts', '--mib', mib, '--rounds', rounds],
  ['paid.bench.ts', '--mib', mib, '--rounds', rounds, '--wallet', 'ldk'],
  ['ldk.bench.ts'],
  ['ledger.bench.ts'],
  ['offer.bench.ts'],
  ['swarm.bench.ts', '--mib', mib, '--rounds', rounds],
]

const figures: Record<string, unknown> = {}
for (const [name = '', ...args] of PARTS) {
  if (!values.json) console.log(`${name} ${args.join(' ')}`)
  const found = await lastLine(name, args)
  Object.assign(figures, found)
  if (!values.json) console.log(found)
}
console.log(JSON.stringify(figures))

async function lastLine(name: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const file = fileURLToPath(new URL(name, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  let last = ''
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith('{')) last = line
  const [code] = await ended
  if (code !== 0) throw new Error(`${name} ended with ${String(code)}`)
  if (last === '') throw new Error(`${name} has told nothing`)
  return JSON.parse(last)
}
