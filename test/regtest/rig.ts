/**
 * A play-money service in this process, with a hub that is only a name.
 * @module
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tape'
import { Chain } from '../../src/regtest/chain.ts'
import type { RegtestClient } from '../../src/regtest/client.ts'
import { Faucet } from '../../src/regtest/faucet.ts'
import { connectRegtest } from '../../src/regtest/life.ts'
import type { OpenRequest } from '../../src/regtest/message.ts'
import { type HubPort, RegtestService, type ServiceOptions } from '../../src/regtest/service.ts'

export const TOKEN = '00112233445566778899aabbccddeeff'

/** A service and what it stands on. */
export class Rig {
  readonly directory: string
  readonly opened: OpenRequest[] = []
  readonly left: string[] = []
  chain: Chain
  service: RegtestService
  readonly #options: Partial<ServiceOptions>
  readonly #clients: RegtestClient[] = []
  #stopped = false

  private constructor(
    directory: string,
    service: RegtestService,
    options: Partial<ServiceOptions>,
  ) {
    this.directory = directory
    this.chain = new Chain(join(directory, 'blocks.dat'))
    this.service = service
    this.#options = options
  }

  /** Opens one that ends with the test. */
  static async open(t: Test, options: Partial<ServiceOptions> = {}): Promise<Rig> {
    const directory = mkdtempSync(join(tmpdir(), 'lnt-regtest-'))
    const box: { rig?: Rig } = {}
    const service = await listen(options, (why) => box.rig?.left.push(why))
    const rig = new Rig(directory, service, options)
    box.rig = rig
    rig.#serve()
    t.teardown(() => rig.#close())
    return rig
  }

  /** Ends the service and starts it again on the same port and, unless told otherwise, the same chain. */
  async restart(chainFile = 'blocks.dat'): Promise<void> {
    const { port } = this.service
    await this.stop()
    this.#stopped = false
    this.service = await listen({ ...this.#options, port }, (why) => this.left.push(why))
    this.chain = new Chain(join(this.directory, chainFile))
    this.#serve()
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    await this.service.close()
    this.chain.close()
  }

  async #close(): Promise<void> {
    for (const client of this.#clients) client.close()
    await this.stop()
    rmSync(this.directory, { recursive: true })
  }

  /** A client that is closed at the end. */
  async client(token: string = TOKEN): Promise<RegtestClient> {
    const client = await connectRegtest({ port: this.service.port, token })
    this.#clients.push(client)
    return client
  }

  #serve(): void {
    const faucet = new Faucet(this.chain, join(this.directory, 'faucet.json'))
    this.service.serve({ chain: this.chain, faucet, hub: this.#hub() })
  }

  #hub(): HubPort {
    return {
      nodeId: '02'.padEnd(66, 'a'),
      port: 9735,
      channels: () => [{ nodeId: '03'.padEnd(66, 'b'), capacitySat: 5, isUsable: true }],
      open: async (request) => void this.opened.push(request),
    }
  }
}

/** A line of the service. */
export interface Told {
  readonly id?: number
  readonly result?: unknown
  readonly error?: string
}

/** A client that says what it likes, and collects the lines it is told. */
export class RawClient {
  readonly socket: Socket
  readonly closed: Promise<unknown>
  #text = ''

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = once(socket, 'close')
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      this.#text += text
    })
    socket.on('error', () => {})
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Says all lines at once. */
  say(...lines: (string | object)[]): void {
    const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
    this.socket.write(`${texts.join('\n')}\n`)
  }

  /** What it was told after the banner, until it was disconnected. */
  async told(): Promise<Told[]> {
    await this.closed
    const lines = this.#text.split('\n').slice(1, -1)
    return lines.map((line) => JSON.parse(line) as Told)
  }
}

async function listen(
  options: Partial<ServiceOptions>,
  onLeave: (why: string) => void,
): Promise<RegtestService> {
  const defaults = { token: TOKEN, port: 0, idleMs: 3_600_000, canMine: true, onLeave }
  return RegtestService.listen({ ...defaults, ...options })
}
