import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { toHex } from '../../src/core/bytes.ts'
import { hasCode } from '../../src/core/errors.ts'
import { openLedgerWallet } from '../../src/wallet/ledger-client.ts'
import { LedgerHub, type PlayWallet } from '../../src/wallet/ledger-hub.ts'
import { serveLedger } from '../../src/wallet/ledger-service.ts'
import { type WalletRig, walletSuite } from '../suites/wallet.ts'
import { freshSale, limits, patience } from '../suites/wallet-rig.ts'

const MONEY = { sendableMsat: 100_000_000n, receivableMsat: 100_000_000n }
const NEVER = new AbortController().signal
const secretOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const newHub = (): LedgerHub => new LedgerHub({ clockSeconds: () => 1_700_000_000 })

async function funded(address: string, byte: number): Promise<PlayWallet> {
  const wallet = await openLedgerWallet(address, { nodeSecret: secretOf(byte) })
  await wallet.fund(MONEY)
  return wallet
}

async function servedRig(): Promise<WalletRig> {
  const hub = newHub()
  const service = await serveLedger(hub)
  const { address } = service
  const open = { buyer: await funded(address, 1), seller: await funded(address, 2) }
  const other = await funded(address, 3)
  return {
    get buyer() {
      return open.buyer
    },
    get seller() {
      return open.seller
    },
    other,
    routed: true,
    mine: (blocks) => other.mine(blocks),
    restart: async (which) => {
      await open[which].close()
      const nodeSecret = secretOf(which === 'buyer' ? 1 : 2)
      open[which] = await openLedgerWallet(address, { nodeSecret })
    },
    close: async () => {
      await Promise.all([open.buyer.close(), open.seller.close(), other.close()])
      await service.close()
      hub.ledger.audit()
    },
  }
}

walletSuite('ledger served', servedRig)

test('ledger service: a killed client finds its payment again', async (t) => {
  const hub = newHub()
  const service = await serveLedger(hub)
  const seller = await funded(service.address, 2)
  await (await funded(service.address, 1)).close()
  const { request, hash, preimage } = freshSale()
  const invoice = await seller.hold(request)
  const file = fileURLToPath(new URL('ledger-buyer.ts', import.meta.url))
  const args = [file, service.address, toHex(secretOf(1)), invoice]
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  t.equal((await seller.waitHold(hash, patience())).status, 'held')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const buyer = await openLedgerWallet(service.address, { nodeSecret: secretOf(1) })
  t.equal((await buyer.track(hash)).status, 'pending', 'still in flight')
  t.equal(await seller.settle(preimage), 'settled')
  const payment = await buyer.pay(await limits(buyer, invoice), patience())
  t.equal(payment.status, 'paid')
  await Promise.all([buyer.close(), seller.close()])
  await service.close()
})

test('ledger service: waits survive a lost connection', async (t) => {
  const hub = newHub()
  const first = await serveLedger(hub)
  const [buyer, seller] = [await funded(first.address, 1), await funded(first.address, 2)]
  const { request, hash, preimage } = freshSale()
  const held = seller.waitHold(hash, NEVER)
  t.deepEqual(await held, { status: 'none' })
  const invoice = await seller.hold(request)
  const waiting = seller.waitHold(hash, NEVER)
  await first.close()
  const heightWhileDown = buyer.height()
  const second = await serveLedger(hub, Number(new URL(first.address).port))
  t.equal(await heightWhileDown, hub.ledger.height, 'a call made while it was down')
  const paying = buyer.pay(await limits(buyer, invoice), NEVER)
  t.equal((await waiting).status, 'held', 'the seller wakes up')
  await second.close()
  const third = await serveLedger(hub, Number(new URL(first.address).port))
  t.equal(await seller.settle(preimage), 'settled')
  t.equal((await paying).status, 'paid', 'the buyer has joined its payment again')
  await Promise.all([buyer.close(), seller.close()])
  await third.close()
})

test('ledger service: a closed wallet leaves its payment unknown', async (t) => {
  const service = await serveLedger(newHub())
  const [buyer, seller] = [await funded(service.address, 1), await funded(service.address, 2)]
  const { request, hash } = freshSale()
  const invoice = await seller.hold(request)
  const payment = buyer.pay(await limits(buyer, invoice), NEVER).catch((err: unknown) => err)
  await seller.waitHold(hash, patience())
  await buyer.close()
  t.ok(hasCode(await payment, 'PAYMENT_UNKNOWN'))
  const dead = await buyer.height().catch((err: unknown) => err)
  t.ok(hasCode(dead, 'WALLET_UNAVAILABLE'), 'and answers nothing more')
  await seller.close()
  await service.close()
})

test('ledger service: nonsense drops the client that sent it, and nobody else', async (t) => {
  const service = await serveLedger(newHub())
  const wallet = await funded(service.address, 1)
  const port = Number(new URL(service.address).port)
  for (const line of [
    'hello',
    '[]',
    'null',
    '{"do":"height"}',
    '{"id":-1,"do":"height"}',
    `{"id":1,"do":"${'x'.repeat(20_000)}"}`,
    'x'.repeat(20_000),
  ]) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`${line}\n`)
    socket.resume()
    await once(socket, 'close')
    t.pass(`dropped: ${line.slice(0, 20)}`)
  }
  for (const line of [
    '{"id":7,"do":"height"}',
    '{"id":7,"do":"hello","secret":"00"}',
    `{"id":7,"do":"hello","secret":"${'00'.repeat(32)}"}`,
    '{"id":7,"do":"__proto__"}',
  ]) {
    const socket = connect(port, '127.0.0.1')
    socket.write(`${line}\n`)
    const [reply] = await once(socket, 'data')
    t.match(String(reply), /^\{"id":7,"error":\{"code":"BAD_(MESSAGE|INPUT)"/, line.slice(0, 40))
    socket.destroy()
  }
  t.equal(await wallet.height(), 100, 'the others go on')
  await wallet.close()
  await service.close()
})

test('ledger service: addresses that lead nowhere', async (t) => {
  const draft = { nodeSecret: secretOf(1) }
  for (const address of [
    'ledger:/',
    'ledger://10.0.0.1:80',
    'ledger://127.0.0.1:70000',
    'ledger://127.0.0.1:1/x',
  ]) {
    const answer = await openLedgerWallet(address, draft).catch((err: unknown) => err)
    t.ok(hasCode(answer, 'UNKNOWN_WALLET'), address)
  }
  const service = await serveLedger(newHub())
  const port = Number(new URL(service.address).port)
  const taken = await serveLedger(newHub(), port).catch((err: unknown) => err)
  t.ok(hasCode(taken, 'PORT_IN_USE'))
  await service.close()
  const gone = await openLedgerWallet(service.address, draft).catch((err: unknown) => err)
  t.ok(hasCode(gone, 'WALLET_UNAVAILABLE'))
})

test('ledger service: ledger: is one network inside this process', async (t) => {
  const [buyer, seller] = [await funded('ledger:', 1), await funded('ledger:', 2)]
  const { request, hash, preimage } = freshSale()
  const invoice = await seller.hold(request)
  const payment = buyer.pay(await limits(buyer, invoice), NEVER)
  t.equal((await seller.waitHold(hash, NEVER)).status, 'held')
  t.equal(await seller.settle(preimage), 'settled')
  t.equal((await payment).status, 'paid')
})

for (const reply of [
  'nonsense',
  '{"id":0}',
  '{"id":0,"ok":{"nodeId":"00"}}',
  '{"id":0,"error":{"code":"X"}}',
]) {
  test(`ledger service: a service that answers ${reply} is not a wallet`, async (t) => {
    const server = createServer((socket) => socket.resume().end(`${reply}\n`)).listen(
      0,
      '127.0.0.1',
    )
    await once(server, 'listening')
    const bound = server.address()
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0
    const draft = { nodeSecret: secretOf(1) }
    const opening = openLedgerWallet(`ledger://127.0.0.1:${port}`, draft)
    const answer = await opening.catch((err: unknown) => err)
    t.ok(hasCode(answer, 'WALLET_UNAVAILABLE') || hasCode(answer, 'BAD_MESSAGE'), String(answer))
    server.close()
    await once(server, 'close')
  })
}
