/**
 * Finds the route of a payment through the ledger's channels: cheapest first, within both limits.
 *
 * Unlike a real payer it sees all balances, so that a payment needs one attempt and is deterministic.
 * @module
 */
import { type Channel, feeMsat, type Peer, type Side } from './ledger-channel.ts'

/** What has to arrive where, and what it may cost. */
export interface RouteRequest {
  readonly from: Peer
  readonly to: Peer
  readonly amountMsat: bigint
  /** Blocks that the last HTLC gets. */
  readonly finalBlocks: number
  readonly feeLimitMsat: bigint
  /** Most blocks that the first HTLC may get. */
  readonly limitBlocks: number
}

/** One hop: who offers how much over which channel, with how many blocks. */
export interface Hop {
  readonly channel: Channel
  readonly from: Side
  readonly amountMsat: bigint
  readonly blocks: number
}

/** A way from a node to the payee: what its first hop has to carry. */
interface Reach {
  readonly node: Peer
  readonly amountMsat: bigint
  readonly blocks: number
  /** Hops from that node on. */
  readonly hop?: { readonly channel: Channel; readonly from: Side; readonly rest: Reach }
}

/** Looks for a route; a text says why there is none. */
export function findRoute(request: RouteRequest): readonly Hop[] | string {
  if (request.from === request.to) return 'own invoice'
  const cheap = search(request, (a, b) => a.amountMsat < b.amountMsat)
  if (cheap === undefined) return 'no route'
  if (fits(cheap, request)) return hopsOf(cheap)
  // The cheapest may be too slow and the fastest too dear; one between them is not looked for.
  const fast = search(request, (a, b) => a.blocks < b.blocks)
  if (fast !== undefined && fits(fast, request)) return hopsOf(fast)
  return cheap.blocks > request.limitBlocks ? 'CLTV limit' : 'fee limit'
}

function fits(reach: Reach, { amountMsat, feeLimitMsat, limitBlocks }: RouteRequest): boolean {
  return reach.amountMsat - amountMsat <= feeLimitMsat && reach.blocks <= limitBlocks
}

/** Dijkstra from the payee back: what a hop carries depends on the hops after it. */
function search(request: RouteRequest, isLess: (a: Reach, b: Reach) => boolean): Reach | undefined {
  const { from, to, amountMsat, finalBlocks } = request
  const queue: Reach[] = [{ node: to, amountMsat, blocks: finalBlocks }]
  const done = new Set<Peer>()
  for (let best = queue.pop(); best !== undefined; best = queue.pop()) {
    if (best.node === from) return best
    if (done.has(best.node)) continue
    done.add(best.node)
    for (const channel of best.node.channels) {
      const reach = extend(best, channel, from)
      if (reach !== undefined && !done.has(reach.node)) insert(queue, reach, isLess)
    }
  }
  return undefined
}

/** The way of the peer across `channel`, if it can send as much. */
function extend(rest: Reach, channel: Channel, payer: Peer): Reach | undefined {
  const from = channel.across(channel.sideOf(rest.node))
  if (channel.sendableMsat(from) < rest.amountMsat) return undefined
  const hop = { channel, from, rest }
  const { node, policy } = from
  if (node === payer) return { node, amountMsat: rest.amountMsat, blocks: rest.blocks, hop }
  const amountMsat = rest.amountMsat + feeMsat(policy, rest.amountMsat)
  return { node, amountMsat, blocks: rest.blocks + policy.cltvDelta, hop }
}

/** Keeps the queue in falling order, so that its end is the best. */
function insert(queue: Reach[], reach: Reach, isLess: (a: Reach, b: Reach) => boolean): void {
  let low = 0
  let high = queue.length
  while (low < high) {
    const middle = (low + high) >> 1
    const other = queue[middle]
    if (other !== undefined && isLess(reach, other)) low = middle + 1
    else high = middle
  }
  queue.splice(low, 0, reach)
}

function hopsOf(reach: Reach): Hop[] {
  const hops: Hop[] = []
  for (let at = reach; at.hop !== undefined; at = at.hop.rest) {
    const { channel, from, rest } = at.hop
    hops.push({ channel, from, amountMsat: rest.amountMsat, blocks: rest.blocks })
  }
  return hops
}
