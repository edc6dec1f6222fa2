import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test, { type Test } from 'tape'
import { hasCode } from '../../src/core/errors.ts'
import { openCacheFile } from '../../src/swarm/cache-file.ts'
import { openPartFile } from '../../src/swarm/part-file.ts'
import type { Swarm, SwarmOptions, SwarmTorrent } from '../../src/swarm/swarm.ts'
import { extended, handshake, listen, message } from './raw-peer.ts'
import {
  addressOf,
  allBytes,
  countingHandler,
  idOf,
  localSwarm,
  makeSample,
  type Sample,
  until,
  whole,
  within,
} from './rig.ts'

const PIECE_BYTES = 65_536

/** A sample and so many swarms, all gone when the test is. */
async function rig(t: Test, swarms: number, bytes = 1_234_567, options?: Partial<SwarmOptions>) {
  const sample = makeSample('swarm', [bytes], PIECE_BYTES)
  const nodes = await Promise.all(Array.from({ length: swarms }, () => localSwarm(options)))
  t.teardown(async () => {
    await Promise.all(nodes.map((node) => node.close()))
    sample.remove()
  })
  const [a, b, c] = nodes
  if (!a) throw new RangeError('one swarm at least')
  return { sample, a, b: b ?? a, c: c ?? b ?? a }
}

/** Joins by what a magnet says, into a cache folder of its own. */
function joined(
  sample: Sample,
  node: Swarm,
  peers: readonly string[],
  folder = `cache-${node.port}`,
) {
  return within(
    10_000,
    'join',
    node.join({ ...idOf(sample.torrent), peers }, (torrent) =>
      openCacheFile(join(sample.folder, folder), torrent),
    ),
  )
}

async function fetched(live: SwarmTorrent): Promise<Buffer> {
  live.want([], 'sequential')
  await within(20_000, 'download', whole(live))
  return allBytes(live)
}

test('swarm: a magnet is enough: every byte of the ciphertext arrives', async (t) => {
  const { sample, a, b } = await rig(t, 2)
  const [selling, buying] = [countingHandler(), countingHandler()]
  const spec = { infoBytes: sample.torrent.infoBytes }
  const seeder = await a.seed(spec, await sample.store(), selling)
  t.equal(seeder.stats.heldPieces, sample.torrent.pieces, 'the seeder has everything at once')
  const live = await within(
    10_000,
    'join',
    b.join(
      { ...idOf(sample.torrent), peers: [addressOf(a)] },
      (torrent) => openCacheFile(`${sample.folder}/cache`, torrent),
      buying,
    ),
  )
  t.deepEqual(live.torrent.infoBytes, sample.torrent.infoBytes, 'metadata')
  t.ok((await fetched(live)).equals(sample.ciphertext), 'ciphertext')
  t.deepEqual([selling.met.length, buying.met.length], [1, 1], 'both sides can trade')
  t.equal(seeder.stats.uploadedBytes, sample.ciphertext.length, 'nothing was sent twice')
})

test('swarm: a rarest-first download from two peers is complete', async (t) => {
  const { sample, a, b, c } = await rig(t, 3, 3_000_000)
  const spec = { infoBytes: sample.torrent.infoBytes }
  await a.seed(spec, await sample.store())
  await b.seed(spec, await sample.store())
  const live = await joined(sample, c, [addressOf(a), addressOf(b)])
  live.want([], 'rarest')
  await within(20_000, 'download', whole(live))
  t.ok((await allBytes(live)).equals(sample.ciphertext), 'ciphertext')
})

test('swarm: two that meet before either has metadata still get everything', async (t) => {
  const { sample, a, b, c } = await rig(t, 3)
  let metB = 0
  const joinB = b.join(
    {
      ...idOf(sample.torrent),
      peers: [addressOf(c)],
      onPeers: (peers) => {
        metB = peers
      },
    },
    (torrent) => openCacheFile(join(sample.folder, 'b'), torrent),
  )
  const joinC = joined(sample, c, [])
  await until('B and C to meet', () => metB > 0)
  // Only B ever learns of the seeder, and only now.
  await a.seed({ infoBytes: sample.torrent.infoBytes, peers: [addressOf(b)] }, await sample.store())
  const [liveB, liveC] = await Promise.all([joinB, joinC])
  const [bytesB, bytesC] = await Promise.all([fetched(liveB), fetched(liveC)])
  t.ok(bytesB.equals(sample.ciphertext) && bytesC.equals(sample.ciphertext), 'both complete')
})

test('swarm: a stock client downloads the ciphertext like any torrent', async (t) => {
  const { sample, a } = await rig(t, 1)
  await a.seed({ infoBytes: sample.torrent.infoBytes }, await sample.store())
  const { default: WebTorrent } = await import('webtorrent')
  const off = { dht: false, lsd: false, natUpnp: false, natPmp: false, utp: false, tracker: false }
  const stock = new WebTorrent({ ...off, utPex: false })
  t.teardown(() => new Promise<void>((resolve) => stock.destroy(() => resolve())))
  const infoHash = Buffer.from(sample.torrent.infoHash).toString('hex')
  const path = join(sample.folder, 'stock')
  const torrent = stock.add({ infoHash, announce: [] }, { path })
  torrent.once('infoHash', () => torrent.addPeer(addressOf(a)))
  await within(20_000, 'stock download', new Promise((resolve) => torrent.once('done', resolve)))
  const { readFileSync } = await import('node:fs')
  t.ok(readFileSync(join(path, 'swarm.bin')).equals(sample.ciphertext), 'the same bytes')
})

test('swarm: a restarted viewer goes on with what it has', async (t) => {
  const { sample, a, b, c } = await rig(t, 3)
  await a.seed({ infoBytes: sample.torrent.infoBytes }, await sample.store())
  const first = await joined(sample, b, [addressOf(a)], 'same')
  first.want([3, 4, 5])
  await within(10_000, 'three pieces', whole(first, 3))
  await first.close()
  const looked: number[] = []
  const again = await c.join(
    {
      ...idOf(sample.torrent),
      peers: [addressOf(a)],
      onLooked: (pieces) => looked.push(pieces),
    },
    (torrent) => openCacheFile(join(sample.folder, 'same'), torrent),
  )
  t.equal(looked.at(-1), sample.torrent.pieces, 'every piece was looked for')
  t.equal(again.stats.heldPieces, 3, 'three are there')
  t.ok((await fetched(again)).equals(sample.ciphertext), 'the rest arrives')
  t.equal(again.stats.downloadedBytes, sample.ciphertext.length - 3 * PIECE_BYTES, 'only the rest')
})

test('swarm: a download serves ciphertext to others while it turns into plaintext', async (t) => {
  const { sample, a, b, c } = await rig(t, 3)
  await a.seed({ infoBytes: sample.torrent.infoBytes }, await sample.store())
  const target = join(sample.folder, 'film.bin')
  const make = (torrent: Sample['torrent']) =>
    openPartFile({ torrent, target, cipherKeyOf: sample.keyOf })
  const opened: Awaited<ReturnType<typeof openPartFile>>[] = []
  const live = await b.join({ ...idOf(sample.torrent), peers: [addressOf(a)] }, async (torrent) => {
    const store = await make(torrent)
    opened.push(store)
    return store
  })
  live.onVerified((piece) => void opened[0]?.unlock(piece))
  await fetched(live)
  await until('all plaintext', () => opened[0]?.unlockedPieces === sample.torrent.pieces)
  await opened[0]?.finish()
  const other = await joined(sample, c, [addressOf(b)])
  t.ok((await fetched(other)).equals(sample.ciphertext), 'from the finished file')
})

test('swarm: a piece needed now comes before everything else', async (t) => {
  const { sample, a, b } = await rig(t, 2, 24_000_000)
  await a.seed({ infoBytes: sample.torrent.infoBytes }, await sample.store())
  const live = await joined(sample, b, [addressOf(a)])
  const order: number[] = []
  live.onVerified((piece) => order.push(piece))
  live.want([], 'sequential')
  await within(10_000, 'a start', whole(live, 20))
  const last = sample.torrent.pieces - 1
  live.want([last], 'sequential')
  const before = order.length
  await within(
    10_000,
    'the piece',
    until('it', () => order.includes(last)),
  )
  const overtaken = order.indexOf(last) - before
  t.ok(
    overtaken < 200,
    `${overtaken} pieces came first, of ${last - before} that were asked before it`,
  )
  await within(20_000, 'the rest', whole(live))
  t.ok((await allBytes(live)).equals(sample.ciphertext), 'nothing is lost by it')
})

test('swarm: a peer that stalls does not hold a download up', async (t) => {
  const { sample, a, b } = await rig(t, 2)
  const { infoBytes, infoHash } = sample.torrent
  const asked: number[] = []
  const stalling = await listen((peer) => {
    // Has everything, unchokes, and never answers a request.
    peer.send(handshake(infoHash, 'stalling'), extended(0, 'd1:mdee'), message(0x0e), message(1))
    peer.socket.on('data', () => asked.push(peer.received().length))
  })
  t.teardown(() => stalling.server.close())
  const live = await b.join(
    { ...idOf(sample.torrent), infoBytes, peers: [`127.0.0.1:${stalling.port}`] },
    (torrent) => openCacheFile(join(sample.folder, 'stall'), torrent),
  )
  live.want([], 'sequential')
  await until('requests to the stalling peer', () => (asked.at(-1) ?? 0) > 400)
  await a.seed({ infoBytes }, await sample.store())
  live.addPeer(addressOf(a))
  const start = performance.now()
  t.ok((await fetched(live)).equals(sample.ciphertext), 'complete')
  const ms = Math.round(performance.now() - start)
  t.ok(ms < 8_000, `after ${ms} ms`)
})

test('swarm: a changed file ends the torrent, and says so', async (t) => {
  const { sample, a, b } = await rig(t, 2)
  const failed: unknown[] = []
  await a.seed(
    { infoBytes: sample.torrent.infoBytes, onFailed: (err) => failed.push(err) },
    await sample.store(),
  )
  const live = await joined(sample, b, [addressOf(a)])
  writeFileSync(sample.paths[0] ?? '', 'something else')
  live.want([], 'sequential')
  await until('the failure', () => failed.length > 0)
  t.ok(hasCode(failed[0], 'FILE_CHANGED'), 'FILE_CHANGED')
  t.equal(a.torrents.size, 0, 'not served any more')
  t.equal(live.stats.heldPieces, 0, 'no wrong piece was taken')
})

test('swarm: a taken port is named', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const address = server.address()
  const torrentPort = typeof address === 'object' ? (address?.port ?? 0) : 0
  const err: unknown = await localSwarm({ torrentPort }).catch((cause: unknown) => cause)
  t.ok(hasCode(err, 'PORT_IN_USE') && err.detail.port === torrentPort, 'PORT_IN_USE')
})

test('swarm: a join that is aborted leaves nothing behind', async (t) => {
  const { sample, b } = await rig(t, 2)
  const abort = new AbortController()
  const joining = b.join({ ...idOf(sample.torrent), signal: abort.signal }, (torrent) =>
    openCacheFile(sample.folder, torrent),
  )
  abort.abort(new Error('no longer wanted'))
  const err: unknown = await joining.catch((cause: unknown) => cause)
  t.ok(err instanceof Error && err.message === 'no longer wanted', 'its reason')
  const again = new AbortController()
  const second = b.join({ ...idOf(sample.torrent), signal: again.signal }, (torrent) =>
    openCacheFile(sample.folder, torrent),
  )
  again.abort(new Error('again'))
  const other: unknown = await second.catch((cause: unknown) => cause)
  t.ok(other instanceof Error && other.message === 'again', 'the torrent can be joined again')
})

test('swarm: addresses of one peer make one connection', async (t) => {
  const { sample, a, b } = await rig(t, 2, 100_000, { host: '0.0.0.0' })
  await a.seed({ infoBytes: sample.torrent.infoBytes }, await sample.store())
  const peers = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((host) => `${host}:${a.port}`)
  const live = await joined(sample, b, peers)
  await fetched(live)
  await until('one connection', () => live.stats.peers === 1)
  t.equal(live.peers.length, 1, 'one')
})

test('swarm: another version of a seam is refused at start', async (t) => {
  const { checkMethods } = await import('../../src/swarm/seams.ts')
  class Changed {
    _onMetadata(): void {}
  }
  for (const methods of [{ _onMetadata: 1 }, { _gone: 0 }]) {
    let err: unknown
    try {
      checkMethods('Torrent', Changed.prototype, methods)
    } catch (cause) {
      err = cause
    }
    t.ok(hasCode(err, 'SEAM_BROKEN'), 'SEAM_BROKEN')
  }
})
