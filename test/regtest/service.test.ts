import fc from 'fast-check'
import test from 'tape'
import { toHex } from '../../src/core/bytes.ts'
import { hasCode } from '../../src/core/errors.ts'
import { decodeBlock } from '../../src/regtest/block.ts'
import type { RegtestClient } from '../../src/regtest/client.ts'
import { MAX_PENDING } from '../../src/regtest/connection.ts'
import { decodeRequest, encodeRequest, MAX_REQUEST_CHARS } from '../../src/regtest/message.ts'
import { MAX_CLIENTS } from '../../src/regtest/service.ts'
import type { Block } from '../../src/wallet/chain.ts'
import { RawClient, Rig, TOKEN } from './rig.ts'

const HELLO = { id: 1, do: 'hello', token: TOKEN }
const NODE = '02'.padEnd(66, 'c')

for (const { name, lines, why } of [
  { name: 'what is not JSON', lines: ['GET / HTTP/1.1'], why: 'not JSON' },
  { name: 'an empty line', lines: [''], why: 'not JSON' },
  { name: 'a list', lines: ['[1]'], why: 'not an object' },
  { name: 'null', lines: ['null'], why: 'not an object' },
  { name: 'a request before hello', lines: [{ id: 1, do: 'tip' }], why: 'hello comes first' },
  { name: 'a wrong token', lines: [{ ...HELLO, token: 'ff' }], why: 'wrong token' },
  { name: 'an empty token', lines: [{ ...HELLO, token: '' }], why: 'wrong token' },
  { name: 'no token', lines: [{ id: 1, do: 'hello' }], why: 'token' },
  { name: 'a token that is a number', lines: [{ ...HELLO, token: 1 }], why: 'token' },
  { name: 'no id', lines: [HELLO, { do: 'tip' }], why: 'id' },
  { name: 'a negative id', lines: [HELLO, { id: -1, do: 'tip' }], why: 'id is out of range' },
  { name: 'half an id', lines: [HELLO, { id: 0.5, do: 'tip' }], why: 'id' },
  { name: 'an unknown request', lines: [HELLO, { id: 2, do: 'toString' }], why: 'do' },
  { name: 'an unknown field', lines: [HELLO, { id: 2, do: 'tip', x: 1 }], why: 'unknown field x' },
  { name: 'blocks from nowhere', lines: [HELLO, { id: 2, do: 'blocks' }], why: 'from' },
  {
    name: 'blocks from -1',
    lines: [HELLO, { id: 2, do: 'blocks', from: -1 }],
    why: 'from is out of range',
  },
  {
    name: 'an empty transaction',
    lines: [HELLO, { id: 2, do: 'broadcast', transaction: '' }],
    why: 'transaction is not hex',
  },
  {
    name: 'a transaction in no hex',
    lines: [HELLO, { id: 2, do: 'broadcast', transaction: 'zz' }],
    why: 'transaction is not hex',
  },
  {
    name: 'too many blocks',
    lines: [HELLO, { id: 2, do: 'mine', count: 1e6 }],
    why: 'count is out of range',
  },
  {
    name: 'a channel for half a node',
    lines: [HELLO, { id: 2, do: 'open', nodeId: 'ab', capacitySat: 1, pushSat: 0, wallet: '' }],
    why: 'nodeId is not hex',
  },
  {
    name: 'a channel of -5',
    lines: [HELLO, { id: 2, do: 'open', nodeId: NODE, capacitySat: -5, pushSat: 0, wallet: '' }],
    why: 'capacitySat is out of range',
  },
  {
    name: 'a line without end',
    lines: ['x'.repeat(MAX_REQUEST_CHARS + 1)],
    why: 'the line is too long',
  },
]) {
  test(`service: ${name} gets one error line and is disconnected`, async (t) => {
    const rig = await Rig.open(t)
    const client = await RawClient.open(rig.service.port)
    client.say(...lines, { id: 9, do: 'stop' })
    const told = await client.told()
    t.deepEqual(told.at(-1), { error: why })
    t.equal(told.filter(({ error }) => error !== undefined).length, 1)
    t.deepEqual(rig.left, [], 'nothing after it is heard')
  })
}

test('service: any bytes are refused, and the next client is served', async (t) => {
  const rig = await Rig.open(t)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
      const client = await RawClient.open(rig.service.port)
      client.socket.write(bytes)
      client.say('')
      const told = await client.told()
      return told.length === 1 && typeof told[0]?.error === 'string'
    }),
    { numRuns: 100 },
  )
  const client = await rig.client()
  t.equal((await client.tip()).height, rig.chain.height)
})

test('service: any line is a request or BAD_MESSAGE', (t) => {
  const word = fc.constantFrom('hello', 'tip', 'blocks', 'broadcast', 'open', 'mine', 'status')
  const keys = [
    'id',
    'token',
    'from',
    'transaction',
    'nodeId',
    'capacitySat',
    'pushSat',
    'wallet',
    'count',
  ]
  const fields = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue())
  const lines = fc.oneof(
    fc.string(),
    fc.json(),
    fc.tuple(word, fields).map(([verb, rest]) => JSON.stringify({ id: 1, do: verb, ...rest })),
  )
  fc.assert(
    fc.property(lines, (line) => {
      try {
        const { id, request } = decodeRequest(line)
        const again = decodeRequest(encodeRequest(id, request))
        return JSON.stringify(again) === JSON.stringify({ id, request })
      } catch (err) {
        return hasCode(err, 'BAD_MESSAGE')
      }
    }),
    { numRuns: 3000 },
  )
  t.pass('no other error')
  t.end()
})

test('service: more requests at once than allowed, or more clients, are refused', async (t) => {
  const rig = await Rig.open(t)
  const greedy = await RawClient.open(rig.service.port)
  greedy.say(HELLO, ...Array.from({ length: MAX_PENDING + 5 }, (_, id) => ({ id, do: 'tip' })))
  t.deepEqual((await greedy.told()).at(-1), { error: 'too many requests at once' })
  const crowd = await Promise.all(
    Array.from({ length: MAX_CLIENTS }, () => RawClient.open(rig.service.port)),
  )
  for (const client of crowd) client.say(HELLO)
  const late = await RawClient.open(rig.service.port)
  t.deepEqual(await late.told(), [{ error: 'too many clients' }])
  for (const { socket } of crowd) socket.destroy()
  await Promise.all(crowd.map(({ closed }) => closed))
  // The service hears of their end after they do.
  let next: RegtestClient | undefined
  for (let attempt = 0; !next && attempt < 100; attempt++)
    next = await rig.client().catch(() => undefined)
  t.ok((await next?.status())?.clients, 'there is room again')
})

test('service: answers what the chain refuses, and goes on', async (t) => {
  const rig = await Rig.open(t, { canMine: false })
  const client = await rig.client()
  for (const { why, ask } of [
    { why: /malformed/, ask: () => client.broadcast(Uint8Array.of(1, 2, 3)) },
    { why: /for tests/, ask: () => client.mine(1) },
  ])
    await ask().then(
      () => t.fail('should be refused'),
      (err: unknown) => t.match(hasCode(err, 'REGTEST_FAILED') ? err.detail.why : String(err), why),
    )
  const { hash, height, timeSeconds } = await client.tip()
  t.deepEqual(
    { hash: toHex(hash), height, timeSeconds },
    { ...rig.chain.tipNow(), hash: toHex(rig.chain.tipNow().hash) },
  )
  const status = await client.status()
  t.deepEqual(
    { ...status, hub: { ...status.hub, nodeId: toHex(status.hub.nodeId) } },
    {
      pid: process.pid,
      chainId: rig.chain.chainId,
      height,
      hub: { nodeId: '02'.padEnd(66, 'a'), host: '127.0.0.1', port: 9735 },
      channels: [{ nodeId: '03'.padEnd(66, 'b'), capacitySat: 5, isUsable: true }],
      clients: 1,
    },
  )
  const open = { nodeId: NODE, capacitySat: 7, pushSat: 3, wallet: '/w' }
  await client.openChannel(open)
  t.deepEqual(rig.opened, [{ do: 'open', ...open }])
  await client.stop()
  t.deepEqual(rig.left, ['asked'])
})

/** Follows and lets wait for a height. */
function follower(): {
  onBlock: (block: Block) => void
  heights: number[]
  until(height: number): Promise<void>
} {
  const heights: number[] = []
  let wake = () => {}
  const onBlock = (block: Block) => {
    decodeBlock(block.raw)
    heights.push(block.height)
    wake()
  }
  const until = async (height: number) => {
    while (heights.at(-1) !== height)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  return { onBlock, heights, until }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

test('client: gets every block once and in order, across restarts of the service', async (t) => {
  const rig = await Rig.open(t)
  rig.chain.mine(300)
  const client = await rig.client()
  const early = follower()
  const late = follower()
  await client.follow(250, early.onBlock)
  t.deepEqual(early.heights, range(250, rig.chain.height), 'all up to the tip before it resolves')
  await client.follow(100, late.onBlock)
  await client.mine(3)
  await rig.restart()
  rig.chain.mine(2)
  const asked = client.tip()
  await Promise.all([early.until(rig.chain.height), late.until(rig.chain.height)])
  t.equal((await asked).height, rig.chain.height, 'a question meanwhile is answered after')
  rig.chain.mine(1)
  await Promise.all([early.until(rig.chain.height), late.until(rig.chain.height)])
  t.deepEqual(early.heights, range(250, rig.chain.height))
  t.deepEqual(late.heights, range(100, rig.chain.height))
})

test('client: another chain at the old address is WRONG_CHAIN', async (t) => {
  const rig = await Rig.open(t)
  const client = await rig.client()
  await rig.restart('other.dat')
  await client.tip().then(
    () => t.fail('should be refused'),
    (err: unknown) => t.ok(hasCode(err, 'WRONG_CHAIN')),
  )
})

test('client: a wrong token and an empty port are one clear error', async (t) => {
  const rig = await Rig.open(t)
  const codeOf = async (token: string) => {
    try {
      await rig.client(token)
      return 'connected'
    } catch (err) {
      return hasCode(err, 'WALLET_UNAVAILABLE') ? err.detail.why : String(err)
    }
  }
  t.match(await codeOf('ab'), /refused us: wrong token/)
  t.equal(await codeOf(TOKEN), 'connected')
  await rig.stop()
  t.match(await codeOf(TOKEN), /ECONNREFUSED/)
})

test('service: leaves when nobody has been there, not before', async (t) => {
  const idle = Promise.withResolvers<string>()
  const rig = await Rig.open(t, { idleMs: 50, onLeave: idle.resolve })
  const client = await rig.client()
  await new Promise((resolve) => setTimeout(resolve, 120))
  t.equal(await Promise.race([idle.promise, Promise.resolve('stays')]), 'stays')
  client.close()
  t.equal(await idle.promise, 'idle')
})
