/**
 * The heart of a node: turn by turn, everything that came in goes to LDK, what happened is written down in
 * one commit, and only then does anything go out.
 * @module
 */
import * as ldk from 'lightningdevkit'
import { LntError } from '../../core/errors.ts'
import type { Engine } from './engine.ts'
import { eventOf, type NodeEvent } from './events.ts'
import type { Feed } from './feed.ts'
import { type Entry, KIND } from './frame.ts'
import type { Journal } from './journal.ts'
import type { Outbox, Send } from './outbox.ts'
import type { Peers } from './peers.ts'
import type { MonitorWrites } from './persist.ts'
import type { Records } from './records.ts'

/** How often LDK's peer manager pings, in ms (LDK asks for 5 to 10 s). */
const PEER_TICK_MS = 10_000
/** How often LDK's channel manager forgets what is over, in ms (LDK asks for a minute). */
const MANAGER_TICK_MS = 60_000

/** What the turns act on. */
export interface TurnPorts {
  readonly engine: Engine
  readonly peers: Peers
  readonly feed: Feed
  readonly writes: MonitorWrites
  readonly records: Records
  readonly outbox: Outbox
  readonly journal: Journal
  /** Called for each event, outside of LDK; what it records is in the commit that forgets the event. */
  readonly onEvent: (event: NodeEvent) => void
  /** The node can go on no more: its disk failed, or LDK panicked. Called once. */
  readonly onFailure: (error: LntError) => void
}

interface Condition {
  readonly holds: () => boolean
  readonly resolve: (held: boolean) => void
  readonly timer: NodeJS.Timeout
}

/** One commit, and what waits for it. */
interface Batch {
  readonly entries: readonly Entry[]
  readonly sends: readonly Send[]
  readonly waiting: readonly PromiseWithResolvers<void>[]
}

/** Runs the turns of one node. */
export class Turns {
  readonly #ports: TurnPorts
  readonly #handler: ldk.EventHandler
  readonly #timers: NodeJS.Timeout[]
  readonly #conditions = new Set<Condition>()
  #happened: NodeEvent[] = []
  #future: [ldk.Future, ldk.FutureCallback] | undefined
  #isKicked = false
  #isStopped = false
  /** LDK changed since the last commit began. */
  #isDirty = true
  #writing: Promise<void> | undefined
  #waiting: PromiseWithResolvers<void>[] = []
  #failure: LntError | undefined
  #changedAtMs = performance.now()

  constructor(ports: TurnPorts) {
    this.#ports = ports
    const { engine } = ports
    this.#handler = ldk.EventHandler.new_impl({
      handle_event: (event) => {
        const ours = eventOf(event)
        if (ours) this.#happened.push(ours)
        return ldk.Result_NoneReplayEventZ.constructor_ok()
      },
    })
    this.#timers = [
      setInterval(() => this.#tick(() => engine.peers.timer_tick_occurred()), PEER_TICK_MS),
      setInterval(() => this.#tick(() => this.#minute()), MANAGER_TICK_MS),
    ]
  }

  /** Asks for a turn, soon. Safe to call from anywhere, also from inside LDK. */
  kick(): void {
    if (this.#isKicked || this.#isStopped) return
    this.#isKicked = true
    setImmediate(() => {
      this.#isKicked = false
      if (!this.#isStopped) this.#turn()
    })
  }

  /**
   * Resolves once all that was done until now, and what LDK made of it, is on disk.
   * @throws LntError `WALLET_UNAVAILABLE` when the node ends before that
   */
  committed(): Promise<void> {
    if (this.#isStopped) return Promise.reject(this.#ended())
    const waiter = Promise.withResolvers<void>()
    this.#waiting.push(waiter)
    this.kick()
    return waiter.promise
  }

  /**
   * Waits until a condition holds; it is looked at after each turn.
   * @returns whether it held in time
   */
  until(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    if (this.#isStopped || holds()) return Promise.resolve(!this.#isStopped)
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#endCondition(condition, false), timeoutMs)
      const condition = { holds, resolve, timer }
      this.#conditions.add(condition)
    })
  }

  /** How long nothing has changed, in ms. */
  idleMs(): number {
    return performance.now() - this.#changedAtMs
  }

  /** Ends the turns after a last commit of what has happened. */
  async stop(): Promise<void> {
    if (!this.#isStopped) await this.committed().catch(() => {})
    this.#end()
    await this.#writing
  }

  #turn(): void {
    const { engine, peers, feed } = this.#ports
    try {
      this.#arm()
      feed.deliver(engine)
      peers.deliver()
      engine.peers.process_events()
      this.#handleEvents()
      engine.peers.process_events()
      this.#commit()
      for (const condition of this.#conditions)
        if (condition.holds()) this.#endCondition(condition, true)
    } catch (cause) {
      this.#fail(cause)
    }
  }

  /** Has LDK wake us: for what it does by itself, between our turns. */
  #arm(): void {
    if (this.#future) return
    const callback = ldk.FutureCallback.new_impl({
      call: () => {
        this.#future = undefined
        this.kick()
      },
    })
    const future = this.#ports.engine.manager.get_event_or_persistence_needed_future()
    this.#future = [future, callback]
    future.register_callback_fn(callback)
  }

  #handleEvents(): void {
    const { manager, monitor } = this.#ports.engine
    do {
      const happened = this.#happened
      this.#happened = []
      // At once: the delay that LDK suggests is for privacy between routing nodes.
      for (const event of happened)
        if (event.type === 'forwardable') manager.process_pending_htlc_forwards()
        else this.#ports.onEvent(event)
      manager.as_EventsProvider().process_pending_events(this.#handler)
      monitor.as_EventsProvider().process_pending_events(this.#handler)
    } while (this.#happened.length > 0)
  }

  #commit(): void {
    const { engine, writes, records, outbox, journal } = this.#ports
    if (engine.manager.get_and_clear_needs_persistence()) this.#isDirty = true
    if (this.#writing) return
    const entries: Entry[] = [...writes.take(), ...records.take()]
    if (this.#isDirty || entries.length > 0)
      entries.push({ kind: KIND.manager, key: '', bytes: engine.manager.write() })
    this.#isDirty = false
    const batch = { entries, sends: outbox.take(), waiting: this.#waiting }
    this.#waiting = []
    if (entries.length === 0) letGo(batch)
    else {
      this.#changedAtMs = performance.now()
      this.#writing = this.#write(journal, batch)
    }
  }

  async #write(journal: Journal, batch: Batch): Promise<void> {
    try {
      await journal.append(batch.entries)
      // A node that has died in the meantime says nothing more.
      if (this.#failure) throw this.#failure
      letGo(batch)
    } catch (cause) {
      for (const { reject } of batch.waiting) reject(this.#ended(cause))
      this.#fail(cause)
    } finally {
      this.#writing = undefined
      this.kick()
    }
  }

  #tick(act: () => void): void {
    try {
      act()
      this.kick()
    } catch (cause) {
      this.#fail(cause)
    }
  }

  #minute(): void {
    const { manager, monitor } = this.#ports.engine
    manager.timer_tick_occurred()
    monitor.rebroadcast_pending_claims()
  }

  #endCondition(condition: Condition, held: boolean): void {
    clearTimeout(condition.timer)
    this.#conditions.delete(condition)
    condition.resolve(held)
  }

  #end(): void {
    this.#isStopped = true
    for (const timer of this.#timers) clearInterval(timer)
    for (const condition of this.#conditions) this.#endCondition(condition, false)
    for (const { reject } of this.#waiting) reject(this.#ended())
    this.#waiting = []
  }

  #fail(cause: unknown): void {
    if (this.#isStopped) return
    this.#failure = this.#ended(cause)
    this.#end()
    this.#ports.onFailure(this.#failure)
  }

  #ended(cause?: unknown): LntError {
    if (this.#failure) return this.#failure
    const why = cause instanceof Error ? cause.message : 'the node was closed'
    return new LntError({ code: 'WALLET_UNAVAILABLE', why }, cause === undefined ? {} : { cause })
  }
}

function letGo({ sends, waiting }: Batch): void {
  for (const send of sends) send()
  for (const { resolve } of waiting) resolve()
}
