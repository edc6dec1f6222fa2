/**
 * LDK's own objects, wired together: a new node's, or one read back from its journal.
 * @module
 */
import * as ldk from 'lightningdevkit'
import type { Tip } from '../chain.ts'
import { channelConfig } from './config.ts'
import type { MonitorWrites } from './persist.ts'
import { unwrap, whyOf } from './result.ts'
import type { MonitorState, State } from './state.ts'
import { sharedGraph } from './wasm.ts'

/** What the engine needs of its node. */
export interface EngineParts {
  /** 32 bytes. */
  readonly seed: Uint8Array
  readonly state: State
  /** Where a new node begins. */
  readonly tip: Tip
  readonly writes: MonitorWrites
  readonly forwardFeeMsat: number
  /** Takes transactions to broadcast (consensus encoding). Called from inside LDK. */
  readonly broadcast: (transactions: Uint8Array[]) => void
  /** Takes what LDK logs at level warn and above. Called from inside LDK. */
  readonly log: (line: string) => void
}

/** Feerate of everything on chain: the floor, 253 sat per 1,000 weight. Play money waits in no queue. */
const FEERATE = 253

/** The living LDK objects. Every one must stay referenced for as long as the node lives. */
export class Engine {
  readonly manager: ldk.ChannelManager
  readonly monitor: ldk.ChainMonitor
  readonly peers: ldk.PeerManager
  /** Monitors read back that nobody watches yet; empty after {@link watch}. */
  #unwatched: ldk.ChannelMonitor[] = []
  readonly #broadcaster: ldk.BroadcasterInterface
  readonly #logger: ldk.Logger
  readonly #fees: ldk.FeeEstimator
  readonly #keys: ldk.KeysManager
  readonly #scorer: ldk.ProbabilisticScorer
  readonly #config: ldk.UserConfig
  readonly #log: (line: string) => void
  /** Never read: LDK calls into these for as long as it lives. */
  readonly kept: readonly object[]

  constructor({ seed, state, tip, writes, forwardFeeMsat, broadcast, log }: EngineParts) {
    const nowMs = Date.now()
    this.#log = log
    this.#config = channelConfig(forwardFeeMsat)
    this.#fees = ldk.FeeEstimator.new_impl({ get_est_sat_per_1000_weight: () => FEERATE })
    this.#logger = ldk.Logger.new_impl({
      log: (record) => {
        if (record.get_level() >= ldk.Level.LDKLevel_Warn) log(record.get_args())
      },
    })
    this.#broadcaster = ldk.BroadcasterInterface.new_impl({ broadcast_transactions: broadcast })
    this.monitor = ldk.ChainMonitor.constructor_new(
      ldk.Option_FilterZ.constructor_none(),
      this.#broadcaster,
      this.#logger,
      this.#fees,
      writes.persist,
    )
    this.#keys = ldk.KeysManager.constructor_new(
      seed,
      BigInt(Math.floor(nowMs / 1000)),
      (nowMs % 1000) * 1_000_000,
    )
    const graph = sharedGraph()
    const entropy = this.#keys.as_EntropySource()
    this.#scorer = ldk.ProbabilisticScorer.constructor_new(
      ldk.ProbabilisticScoringDecayParameters.constructor_default(),
      graph,
      this.#logger,
    )
    const score = ldk.MultiThreadedLockableScore.constructor_new(this.#scorer.as_Score())
    const router = ldk.DefaultRouter.constructor_new(
      graph,
      this.#logger,
      entropy,
      score.as_LockableScore(),
      ldk.ProbabilisticScoringFeeParameters.constructor_default(),
    )
    const messages = ldk.DefaultMessageRouter.constructor_new(graph, entropy)
    const ignorer = ldk.IgnoringMessageHandler.constructor_new()
    this.manager = state.manager
      ? this.#restore(state.manager, state.monitors, router, messages)
      : this.#create(tip, router, messages)
    this.peers = ldk.PeerManager.constructor_new(
      this.manager.as_ChannelMessageHandler(),
      ignorer.as_RoutingMessageHandler(),
      ignorer.as_OnionMessageHandler(),
      ignorer.as_CustomMessageHandler(),
      Math.floor(nowMs / 1000),
      entropy.get_secure_random_bytes(),
      this.#logger,
      this.#keys.as_NodeSigner(),
    )
    this.kept = [writes, graph, entropy, score, router, messages, ignorer]
  }

  /** Height of the oldest of manager and monitors: where they must be fed from. */
  lowestHeight(): number {
    const heights = this.#unwatched.map((monitor) => monitor.current_best_block().get_height())
    return Math.min(this.manager.current_best_block().get_height(), ...heights)
  }

  /** Feeds one block to whatever has not seen it. Only before {@link watch}. */
  catchUp(
    header: Uint8Array,
    transactions: readonly Uint8Array[],
    height: number,
    raw: Uint8Array,
  ): void {
    const numbered = transactions.map((transaction, i) =>
      ldk.TwoTuple_usizeTransactionZ.constructor_new(i, transaction),
    )
    for (const monitor of this.#unwatched)
      if (monitor.current_best_block().get_height() < height)
        monitor.block_connected(
          header,
          numbered,
          height,
          this.#broadcaster,
          this.#fees,
          this.#logger,
        )
    if (this.manager.current_best_block().get_height() < height)
      this.manager.as_Listen().block_connected(raw, height)
  }

  /** Hands the monitors over to the chain monitor: from here on {@link connect} feeds all. */
  watch(): void {
    for (const monitor of this.#unwatched)
      unwrap(
        'watch_channel',
        this.monitor.as_Watch().watch_channel(monitor.get_funding_txo().get_a(), monitor),
        ldk.Result_ChannelMonitorUpdateStatusNoneZ_OK,
      )
    this.#unwatched = []
  }

  /** Feeds one new block to all. */
  connect(raw: Uint8Array, height: number): void {
    this.manager.as_Listen().block_connected(raw, height)
    this.monitor.as_Listen().block_connected(raw, height)
  }

  #create(
    tip: Tip,
    router: ldk.DefaultRouter,
    messages: ldk.DefaultMessageRouter,
  ): ldk.ChannelManager {
    const best = ldk.BestBlock.constructor_new(Uint8Array.from(tip.hash), tip.height)
    return ldk.ChannelManager.constructor_new(
      this.#fees,
      this.monitor.as_Watch(),
      this.#broadcaster,
      router.as_Router(),
      messages.as_MessageRouter(),
      this.#logger,
      this.#keys.as_EntropySource(),
      this.#keys.as_NodeSigner(),
      this.#keys.as_SignerProvider(),
      this.#config,
      ldk.ChainParameters.constructor_new(ldk.Network.LDKNetwork_Regtest, best),
      tip.timeSeconds,
    )
  }

  #restore(
    manager: Uint8Array,
    monitors: ReadonlyMap<string, MonitorState>,
    router: ldk.DefaultRouter,
    messages: ldk.DefaultMessageRouter,
  ): ldk.ChannelManager {
    this.#unwatched = [...monitors.values()].map((monitor) => this.#readMonitor(monitor))
    const read = ldk.UtilMethods.constructor_C2Tuple_ThirtyTwoBytesChannelManagerZ_read(
      manager,
      this.#keys.as_EntropySource(),
      this.#keys.as_NodeSigner(),
      this.#keys.as_SignerProvider(),
      this.#fees,
      this.monitor.as_Watch(),
      this.#broadcaster,
      router.as_Router(),
      messages.as_MessageRouter(),
      this.#logger,
      this.#config,
      this.#unwatched,
    )
    const Ok = ldk.Result_C2Tuple_ThirtyTwoBytesChannelManagerZDecodeErrorZ_OK
    return unwrap('read manager', read, Ok).get_b()
  }

  #readMonitor({ whole, updates }: MonitorState): ldk.ChannelMonitor {
    const read = ldk.UtilMethods.constructor_C2Tuple_ThirtyTwoBytesChannelMonitorZ_read(
      whole,
      this.#keys.as_EntropySource(),
      this.#keys.as_SignerProvider(),
    )
    const Ok = ldk.Result_C2Tuple_ThirtyTwoBytesChannelMonitorZDecodeErrorZ_OK
    const monitor = unwrap('read monitor', read, Ok).get_b()
    for (const bytes of updates) {
      const update = unwrap(
        'read update',
        ldk.ChannelMonitorUpdate.constructor_read(bytes),
        ldk.Result_ChannelMonitorUpdateDecodeErrorZ_OK,
      )
      const applied = monitor.update_monitor(update, this.#broadcaster, this.#fees, this.#logger)
      // A closed channel's monitor takes the update and may still say no: it cannot sign any more.
      if (!applied.is_ok()) this.#log(`monitor update: ${whyOf(applied)}`)
    }
    return monitor
  }
}
