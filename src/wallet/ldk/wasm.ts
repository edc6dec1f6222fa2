/**
 * The WASM module of LDK: loaded once a process, silently; and what all nodes of a process share.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { initializeWasmFromBinary, Logger, Network, NetworkGraph } from 'lightningdevkit'

let loading: Promise<void> | undefined

/** Loads LDK. Must have resolved before anything else of it is touched; calling again costs nothing. */
export function loadLdk(): Promise<void> {
  loading ??= load()
  return loading
}

async function load(): Promise<void> {
  const home = dirname(createRequire(import.meta.url).resolve('lightningdevkit'))
  const binary = await readFile(join(home, 'liblightningjs.wasm'))
  await silenced(() => initializeWasmFromBinary(binary))
}

/** LDK greets with a line on stdout, which would break `--json`. */
async function silenced(act: () => Promise<void>): Promise<void> {
  const { console } = globalThis
  const log = Object.getOwnPropertyDescriptor(console, 'log')
  Object.defineProperty(console, 'log', { ...log, value: () => {} })
  try {
    await act()
  } finally {
    if (log) Object.defineProperty(console, 'log', log)
  }
}

let graph: NetworkGraph | undefined
let graphLogger: Logger | undefined

/**
 * The network graph, one a process: each takes about 150 MiB of the 2 GiB of address space that LDK's
 * bindings bear (facts/ldk.md, gotcha 1). It stays empty: all our channels are private.
 */
export function sharedGraph(): NetworkGraph {
  graphLogger ??= Logger.new_impl({ log: () => {} })
  graph ??= NetworkGraph.constructor_new(Network.LDKNetwork_Regtest, graphLogger)
  return graph
}
