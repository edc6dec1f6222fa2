import test from 'tape'
import { openCacheFile } from '../../src/swarm/cache-file.ts'
import {
  addressOf,
  allBytes,
  countingHandler,
  idOf,
  localSwarm,
  makeSample,
  whole,
  within,
} from './rig.ts'

test('swarm: a magnet is enough: every byte of the ciphertext arrives', async (t) => {
  const sample = makeSample('one', [1_234_567], 65_536)
  const [a, b] = [await localSwarm(), await localSwarm()]
  const handlers = [countingHandler(), countingHandler()]
  const seeder = await a.seed(
    { infoBytes: sample.torrent.infoBytes },
    await sample.store(),
    handlers[0],
  )
  t.equal(seeder.stats.heldPieces, sample.torrent.pieces, 'the seeder has everything at once')
  const live = await within(
    10_000,
    'join',
    b.join(
      { ...idOf(sample.torrent), peers: [addressOf(a)] },
      (torrent) => openCacheFile(`${sample.folder}/cache`, torrent),
      handlers[1],
    ),
  )
  t.deepEqual(live.torrent.infoBytes, sample.torrent.infoBytes, 'metadata')
  live.want([], 'sequential')
  await within(20_000, 'download', whole(live))
  t.ok((await allBytes(live)).equals(sample.ciphertext), 'ciphertext')
  t.equal(handlers[0]?.met.length, 1, 'the seeder can trade with the peer')
  t.equal(handlers[1]?.met.length, 1, 'and the peer with the seeder')
  await Promise.all([a.close(), b.close()])
  sample.remove()
})
