/**
 * The only file that prints: events for people on a terminal, as plain lines in a pipe, as JSON for machines.
 * @module
 */
import logUpdate from 'log-update'
import pc from 'picocolors'
import prettyBytes from 'pretty-bytes'
import type { ClientEvent, Status } from '../client/events.ts'
import { formatSat } from '../core/money.ts'
import { faultOf } from './fault.ts'

/** How often a pipe gets a status line, ms; a terminal is redrawn with every status. */
const PIPE_STATUS_MS = 5_000

/** Prints events. One for each process. */
export interface Show {
  /** One event. */
  tell(event: ClientEvent): void
  /** A line that is a result: goes to standard output as it is, or as JSON `value`. */
  result(text: string, value: Readonly<Record<string, unknown>>): void
  /** An error's one sentence; returns the exit code. */
  fault(err: unknown): number
  /** Leaves the live line as it stands. */
  end(): void
}

/** Chooses by `--json` and by whether standard output is a terminal. */
export function openShow({ json }: { readonly json: boolean }): Show {
  if (json) return jsonShow()
  return process.stdout.isTTY ? terminalShow() : pipeShow()
}

/** JSON text of a value: bigint as number (msat stay below 2^53), bytes never appear. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? Number(item) : item,
  )
}

function jsonShow(): Show {
  return {
    tell: (event) =>
      console.log(toJson(event.event === 'failed' ? failedJson(event.error) : event)),
    result: (_, value) => console.log(toJson({ event: 'result', ...value })),
    fault(err) {
      const { code, sentence, exitCode } = faultOf(err)
      console.log(toJson({ event: 'error', code, message: sentence }))
      return exitCode
    },
    end: () => {},
  }
}

function failedJson(error: unknown): Readonly<Record<string, unknown>> {
  const { code, sentence } = faultOf(error)
  return { event: 'failed', code, message: sentence }
}

function terminalShow(): Show {
  const live = (text: string): void => logUpdate(text)
  const line = (text: string): void => {
    logUpdate.clear()
    console.log(text)
  }
  return {
    tell(event) {
      if (event.event === 'status') live(pc.dim(statusText(event)))
      else if (event.event === 'sealing') live(pc.dim(sealingText(event)))
      else line(eventText(event))
    },
    result: line,
    fault: (err) => printFault(err, () => logUpdate.clear()),
    end: () => logUpdate.done(),
  }
}

function pipeShow(): Show {
  let lastMs = 0
  return {
    tell(event) {
      const isLive = event.event === 'status' || event.event === 'sealing'
      if (isLive && Date.now() - lastMs < PIPE_STATUS_MS) return
      if (isLive) lastMs = Date.now()
      console.log(eventText(event))
    },
    result: (text) => console.log(text),
    fault: (err) => printFault(err, () => {}),
    end: () => {},
  }
}

function printFault(err: unknown, clear: () => void): number {
  const { sentence, exitCode } = faultOf(err)
  clear()
  console.error(`${pc.red('lntorrent:')} ${sentence}`)
  return exitCode
}

function eventText(event: ClientEvent): string {
  switch (event.event) {
    case 'note':
      return pc.yellow(event.text)
    case 'sealing':
      return sealingText(event)
    case 'seeding':
      return `${pc.bold(event.name)}: ${prettyBytes(event.totalBytes)}, ${event.pieces} pieces of ${prettyBytes(event.pieceBytes, { binary: true })}, ${formatSat(event.priceMsat)} a piece\n${pc.cyan(event.magnet)}`
    case 'wallet':
      return `wallet ready: ${event.network} node ${event.node.slice(0, 16)}…, can send ${formatSat(event.sendableMsat)}, receive ${formatSat(event.receivableMsat)}`
    case 'metadata':
      return `${pc.bold(event.name)}: ${prettyBytes(event.totalBytes)}, ${event.pieces} pieces of ${prettyBytes(event.pieceBytes, { binary: true })}`
    case 'purchase':
      return `bought ${piecesText(event)} for ${formatSat(event.amountMsat)}${event.feeMsat > 0n ? ` + fee ${formatSat(event.feeMsat)}` : ''} (${kindText(event.kind)}, ${event.state})`
    case 'sale':
      return `sold ${piecesText(event)} for ${formatSat(event.amountMsat)} (${kindText(event.kind)}, ${event.state})`
    case 'player':
      return event.player
        ? `playing in ${event.player}: ${event.url}`
        : `open ${event.page} in a browser, or ${event.url} in a player`
    case 'status':
      return statusText(event)
    case 'done':
      return pc.green(
        `${event.path}: whole, ${prettyBytes(event.bytes)}, ${formatSat(event.spentMsat)} spent`,
      )
    case 'failed':
      return pc.red(faultOf(event.error).sentence)
    case 'unfinished':
      return pc.yellow(
        `payment ${event.hash.slice(0, 16)}… of ${formatSat(event.amountMsat)} is ${event.state}: its end is not known yet; it is resumed at the next start`,
      )
  }
}

function piecesText({ firstPiece, count }: { firstPiece: number; count: number }): string {
  return count === 1 ? `piece ${firstPiece}` : `pieces ${firstPiece}–${firstPiece + count - 1}`
}

function kindText(kind: number): string {
  return ['', 'coupon', 'proof', 'signed', 'endorsed'][kind] ?? `kind ${kind}`
}

function sealingText({ path, bytesDone, bytesTotal }: ClientEvent & { event: 'sealing' }): string {
  return `sealing ${path}: ${percent(bytesDone, bytesTotal)}`
}

function statusText(status: Status): string {
  const parts = [
    status.name,
    `${status.peers} peers`,
    `↓ ${prettyBytes(status.downBytesPerSecond)}/s ↑ ${prettyBytes(status.upBytesPerSecond)}/s`,
  ]
  if (status.haveBytes < status.totalBytes)
    parts.push(`${percent(status.haveBytes, status.totalBytes)} fetched`)
  if (status.openPieces > 0) parts.push(`${status.openPieces}/${status.pieces} open`)
  if (status.bufferSeconds !== undefined) parts.push(`${status.bufferSeconds.toFixed(0)} s ahead`)
  if (status.spentMsat > 0n) parts.push(`spent ${formatSat(status.spentMsat)}`)
  if (status.earnedMsat > 0n) parts.push(`earned ${formatSat(status.earnedMsat)}`)
  if (status.standstill) parts.push(status.standstill)
  return parts.join(' · ')
}

function percent(done: number, total: number): string {
  return total === 0 ? '100 %' : `${Math.floor((100 * done) / total)} %`
}
