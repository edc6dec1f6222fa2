/**
 * How fast sealing is, in MB per CPU-second over all threads, and against create-torrent on the same file.
 * Usage: node test/bench/seal.bench.ts [MiB, default 256]. Prints one JSON line.
 * @module
 */
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import createTorrent from 'create-torrent'
import { seal } from '../../torrents/seal.ts'

const MIB = 2 ** 20
const sizeMib = Number(process.argv[2] ?? process.env['SEAL_BENCH_MIB'] ?? 256)
const folder = mkdtempSync(join(tmpdir(), 'lnt-seal-bench-'))
const file = join(folder, 'content')

try {
  fill()
  const mib = await times(() => sealWith(MIB))
  const quarter = await times(() => sealWith(MIB / 4))
  const plain = await times(plainTorrent)
  const megabytes = (sizeMib * MIB) / 1e6
  const figures = {
    seal_mb_per_s_core: Math.round(megabytes / mib.cpuSeconds),
    seal_mb_per_s_core_256k: Math.round(megabytes / quarter.cpuSeconds),
    /** Time of sealing over time of create-torrent, on the wall and on the CPU: below 1, sealing is quicker. */
    seal_vs_create_torrent: Number((mib.seconds / plain.seconds).toFixed(3)),
    seal_vs_create_torrent_cpu: Number((mib.cpuSeconds / plain.cpuSeconds).toFixed(3)),
    file_mib: sizeMib,
  }
  console.log(JSON.stringify(figures))
} finally {
  rmSync(folder, { recursive: true })
}

function fill(): void {
  const descriptor = openSync(file, 'w')
  const block = new Uint8Array(MIB)
  for (let i = 0; i < sizeMib; i++) writeSync(descriptor, randomFillSync(block))
  closeSync(descriptor)
}

async function sealWith(pieceBytes: number): Promise<void> {
  const master = new Uint8Array(32).fill(1)
  const sources = [{ source: file, path: ['content'] }]
  await seal(sources, { master, name: 'content', pieceBytes, c: 8 })
}

function plainTorrent(): Promise<void> {
  return new Promise((resolve, reject) => {
    createTorrent(file, { pieceLength: MIB, announce: [] }, (err: unknown) =>
      err ? reject(err) : resolve(),
    )
  })
}

async function times(act: () => Promise<void>): Promise<{ seconds: number; cpuSeconds: number }> {
  const before = process.cpuUsage()
  const start = performance.now()
  await act()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 }
}
