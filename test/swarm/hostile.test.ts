import test from 'tape'
import { concat, u32 } from '../../src/core/bytes.ts'
import { openCacheFile } from '../../src/swarm/cache-file.ts'
import { dial, extended, handshake, listen, message, type RawPeer } from './raw-peer.ts'
import { addressOf, allBytes, idOf, localSwarm, makeSample, until, whole, within } from './rig.ts'

const PIECES = 19
const sampleOf = (): ReturnType<typeof makeSample> => makeSample('hostile', [1_234_567], 65_536)
const hello = extended(0, 'd1:md11:ut_metadatai1e6:ut_pexi2eee')
const zeros = (length: number): Uint8Array => new Uint8Array(length)

/** What a peer sends after its handshake; each must cost it the connection. */
const ATTACKS: Readonly<Record<string, readonly Uint8Array[]>> = {
  'a negative string length (bencode@4 never returns)': [extended(0, 'l-3:')],
  'a negative string length inside a dictionary': [extended(0, 'd1:m-3:e')],
  'nesting without end': [extended(0, 'd1:a'.repeat(10_000))],
  'lists without end': [extended(0, 'l'.repeat(60_000))],
  'a handshake cut short': [extended(0, 'd1:md11:ut_met')],
  'bytes after the handshake': [extended(0, 'd1:mdeex')],
  'a name without a number': [extended(0, 'd1:md11:ut_metadatad8:toStringi1eeee')],
  'a key that sets a prototype': [extended(0, 'd9:__proto__d1:ai1eee')],
  'a metadata size below zero': [extended(0, 'd1:md11:ut_metadatai1ee13:metadata_sizei-5ee')],
  'a message of 4 GiB': [concat(u32(0xffffffff), Uint8Array.of(20))],
  'a message of 1 MiB': [concat(u32(0x100000), Uint8Array.of(7), zeros(100_000))],
  'a short bitfield': [message(5, zeros(1))],
  'a long bitfield': [message(5, zeros(4))],
  'a bitfield twice': [message(5, zeros(3)), message(5, zeros(3))],
  'have beyond the end': [message(4, u32(PIECES))],
  'have of piece 2^32 - 1': [message(4, u32(0xffffffff))],
  'have cut short': [message(4, zeros(3))],
  'a request beyond the last piece': [message(2), message(6, u32(PIECES), u32(0), u32(16_384))],
  'a request beyond its piece': [message(2), message(6, u32(0), u32(60_000), u32(16_384))],
  'a request with an offset of 2^32 - 1': [message(2), message(6, u32(0), u32(0xffffffff), u32(1))],
  'a request of 128 KiB and a byte': [message(2), message(6, u32(0), u32(0), u32(131_073))],
  'a request of nothing': [message(2), message(6, u32(0), u32(0), u32(0))],
  'blocks nobody asked for': Array.from({ length: 80 }, (_, i) =>
    message(7, u32(i % PIECES), u32(0), zeros(16_384)),
  ),
  'a metadata request below zero': [hello, extended(1, 'd8:msg_typei0e5:piecei-1ee')],
  'a metadata request beyond the end': [hello, extended(1, 'd8:msg_typei0e5:piecei7ee')],
  'bad bencode to ut_metadata': [hello, extended(1, 'l-3:')],
  'an extended message of 100 KB': [message(20, Uint8Array.of(1), zeros(100_000))],
  'chatter without end': [concat(...Array.from({ length: 120_000 }, () => message(2)))],
}

for (const [name, parts] of Object.entries(ATTACKS))
  test(`swarm: a peer that sends ${name} is dropped, others are served`, async (t) => {
    const sample = sampleOf()
    const dropped: string[] = []
    const a = await localSwarm({ onDropped: (_address, why) => dropped.push(why.detail.code) })
    const b = await localSwarm()
    t.teardown(async () => {
      await Promise.all([a.close(), b.close()])
      sample.remove()
    })
    await a.seed({ infoBytes: sample.torrent.infoBytes }, await sample.store())
    const peer = await dial(a.port)
    peer.send(handshake(sample.torrent.infoHash))
    await until('a handshake back', () => peer.received().length >= 68)
    peer.send(...parts)
    await within(10_000, 'hang-up', peer.ended)
    t.deepEqual(dropped, ['BAD_MESSAGE'], 'dropped for it')
    const live = await b.join({ ...idOf(sample.torrent), peers: [addressOf(a)] }, (torrent) =>
      openCacheFile(sample.folder, torrent),
    )
    live.want([], 'sequential')
    await within(10_000, 'honest download', whole(live))
    t.ok((await allBytes(live)).equals(sample.ciphertext), 'an honest peer gets everything')
  })

test('swarm: a key exchange of zeros does not end the process', async (t) => {
  const sample = sampleOf()
  const a = await localSwarm()
  t.teardown(async () => {
    await a.close()
    sample.remove()
  })
  await a.seed({ infoBytes: sample.torrent.infoBytes }, await sample.store())
  const peer = await dial(a.port)
  peer.send(zeros(96), zeros(1_000))
  await within(10_000, 'hang-up', peer.ended)
  t.equal(a.torrents.size, 1, 'still serving')
})

/** Serves metadata of its own choice to whoever dials. */
function metadataServer(infoHash: Uint8Array, size: number, data: (piece: number) => Uint8Array) {
  return listen((peer: RawPeer) => {
    peer.send(
      handshake(infoHash, `liar${size}.${data(0)[0]}`),
      extended(0, `d1:md11:ut_metadatai1ee13:metadata_sizei${size}ee`),
    )
    let sent = 0
    peer.socket.on('data', () => {
      const asked = (
        peer
          .received()
          .toString('latin1')
          .match(/8:msg_typei0e5:piecei\d+e/g) ?? []
      ).length
      for (; sent < asked; sent++)
        peer.send(extended(1, `d8:msg_typei1e5:piecei${sent}e10:total_sizei${size}ee`, data(sent)))
    })
  })
}

test('swarm: metadata that does not match the magnet costs its giver the connection', async (t) => {
  const sample = sampleOf()
  const { infoBytes, infoHash } = sample.torrent
  const dropped: string[] = []
  const a = await localSwarm()
  const b = await localSwarm({ onDropped: (_address, why) => dropped.push(why.detail.code) })
  const other = infoBytes.map((byte, i) => (i === infoBytes.length - 2 ? byte ^ 1 : byte))
  const hang = Buffer.concat([Buffer.from('l-3:'), Buffer.alloc(infoBytes.length - 4)])
  const liars = await Promise.all([
    metadataServer(infoHash, other.length, () => other),
    metadataServer(infoHash, hang.length, () => hang),
    metadataServer(infoHash, 9_999_999, () => zeros(16_384)),
  ])
  t.teardown(async () => {
    await Promise.all([a.close(), b.close()])
    for (const { server } of liars) server.close()
    sample.remove()
  })
  await a.seed({ infoBytes }, await sample.store())
  const joining = b.join(
    { ...idOf(sample.torrent), peers: liars.map(({ port }) => `127.0.0.1:${port}`) },
    (torrent) => openCacheFile(sample.folder, torrent),
  )
  await until('both liars dropped', () => dropped.length >= 2)
  t.deepEqual(dropped.slice(0, 2), ['BAD_MESSAGE', 'BAD_MESSAGE'], 'dropped')
  t.equal(b.torrents.size, 0, 'nothing was accepted')
  // The honest one is found later.
  await b.close()
  t.equal(
    await joining.then(
      () => 'joined',
      () => 'ended',
    ),
    'ended',
    'join ends with its swarm',
  )
})

test('swarm: the sha256 of a magnet binds where its sha1 does not', async (t) => {
  const sample = sampleOf()
  const [a, b] = [await localSwarm(), await localSwarm()]
  t.teardown(async () => {
    await Promise.all([a.close(), b.close()])
    sample.remove()
  })
  await a.seed({ infoBytes: sample.torrent.infoBytes }, await sample.store())
  const abort = new AbortController()
  const dropped = new Promise<void>((resolve) => {
    abort.signal.addEventListener('abort', () => resolve())
  })
  const c = await localSwarm({ onDropped: () => abort.abort(new Error('seen')) })
  t.teardown(() => c.close())
  const joining = c.join(
    {
      infoHash: sample.torrent.infoHash,
      infoSha256: new Uint8Array(32).fill(7),
      peers: [addressOf(a)],
      signal: abort.signal,
    },
    (torrent) => openCacheFile(sample.folder, torrent),
  )
  t.equal(
    await joining.then(
      () => 'joined',
      (err: Error) => err.message,
    ),
    'seen',
    'refused',
  )
  await within(1_000, 'drop', dropped)
})

test('swarm: a peer that gives false blocks is found and left', async (t) => {
  const sample = sampleOf()
  const { infoHash, infoBytes } = sample.torrent
  const dropped: string[] = []
  const a = await localSwarm()
  const b = await localSwarm({ onDropped: (_address, why) => dropped.push(why.detail.code) })
  const liar = await listen((peer) => {
    peer.send(handshake(infoHash, 'liar'), extended(0, 'd1:mdee'), message(0x0e), message(1))
    let at = 68
    peer.socket.on('data', () => {
      const bytes = peer.received()
      while (bytes.length >= at + 4 && bytes.length >= at + 4 + bytes.readUInt32BE(at)) {
        const length = bytes.readUInt32BE(at)
        if (bytes[at + 4] === 6) {
          const size = bytes.readUInt32BE(at + 13)
          peer.send(message(7, bytes.subarray(at + 5, at + 13), zeros(size)))
        }
        at += 4 + length
      }
    })
  })
  t.teardown(async () => {
    await Promise.all([a.close(), b.close()])
    liar.server.close()
    sample.remove()
  })
  await a.seed({ infoBytes }, await sample.store())
  const live = await b.join(
    { ...idOf(sample.torrent), infoBytes, peers: [`127.0.0.1:${liar.port}`, addressOf(a)] },
    (torrent) => openCacheFile(sample.folder, torrent),
  )
  live.want([], 'sequential')
  await within(20_000, 'download', whole(live))
  t.ok((await allBytes(live)).equals(sample.ciphertext), 'the right bytes')
  await until('the liar dropped', () => dropped.length > 0)
  t.deepEqual(dropped, ['BAD_PEER'], 'only the liar is dropped')
})
