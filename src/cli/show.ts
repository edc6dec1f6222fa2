/**
 * The only file that prints: events for people on a terminal, as plain lines in a pipe, as JSON for machines.
 * @module
 */
import { createLogUpdate } from 'log-update'
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
  readonly tell: (event: ClientEvent) => void
  /** A line that is a result: goes to standard output as it is, or as JSON `value`. */
  result(text: string, value: Readonly<Record<string, unknown>>): void
  /** An error's one sentence; returns the exit code. */
  fault(err: unknown): number
  /** Leaves the live line as it stands. */
  end(): void
}

/** Where it prints: a process, or what a test puts in its place. */
export interface Screen {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly rows?: number }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

/** Chooses by `--json` and by whether standard output is a terminal. */
export function openShow({ json }: { readonly json: boolean }, screen: Screen = process): Show {
  if (json) return jsonShow(screen)
  // A terminal that has no size, as in recordings, cannot be redrawn.
  const isLive = screen.stdout.isTTY && screen.stdout.rows !== 0
  return isLive ? terminalShow(screen) : pipeShow(screen)
}

/** JSON text of a value: bigint as number (msat stay below 2^53), bytes never appear. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? Number(item) : item,
  )
}

function jsonShow({ stdout }: Screen): Show {
  const line = (value: unknown): void => void stdout.write(`${toJson(value)}\n`)
  return {
    tell: (event) => line(event.event === 'failed' ? failedJson(event.error) : event),
    result: (_, value) => line({ event: 'result', ...value }),
    fault(err) {
      const { code, sentence, exitCode } = faultOf(err)
      line({ event: 'error', code, message: sentence })
      return exitCode
    },
    end: () => {},
  }
}

function failedJson(error: unknown): Readonly<Record<string, unknown>> {
  const { code, sentence } = faultOf(error)
  return { event: 'failed', code, message: sentence }
}

function terminalShow(screen: Screen): Show {
  const paint = colours(screen.stdout)
  const log = createLogUpdate(screen.stdout)
  const line = (text: string): void => {
    log.clear()
    screen.stdout.write(`${text}\n`)
  }
  return {
    tell(event) {
      if (event.event === 'status') log(paint.dim(statusText(event)))
      else if (event.event === 'sealing') log(paint.dim(sealingText(event)))
      else line(eventText(event, paint))
    },
    result: line,
    fault(err) {
      log.clear()
      return printFault(err, screen)
    },
    end: () => log.done(),
  }
}

function pipeShow(screen: Screen): Show {
  const paint = colours(screen.stdout)
  const line = (text: string): void => void screen.stdout.write(`${text}\n`)
  let lastMs = Date.now()
  return {
    tell(event) {
      const isLive = event.event === 'status' || event.event === 'sealing'
      if (isLive && Date.now() - lastMs < PIPE_STATUS_MS) return
      if (isLive) lastMs = Date.now()
      line(eventText(event, paint))
    },
    result: line,
    fault: (err) => printFault(err, screen),
    end: () => {},
  }
}

function printFault(err: unknown, { stderr }: Screen): number {
  const { sentence, exitCode } = faultOf(err)
  stderr.write(`${colours(stderr).red('lntorrent:')} ${sentence}\n`)
  return exitCode
}

type Paint = ReturnType<typeof pc.createColors>

/** Only for a terminal, whatever picocolors thinks of CI. */
function colours({ isTTY = false }: Screen['stderr']): Paint {
  return pc.createColors(isTTY && pc.isColorSupported)
}

function eventText(event: ClientEvent, paint: Paint): string {
  switch (event.event) {
    case 'note':
      return paint.yellow(event.text)
    case 'sealing':
      return sealingText(event)
    case 'seeding':
      return `${paint.bold(event.name)}: ${piecesOf(event)}, ${formatSat(event.priceMsat)} a piece\n${paint.cyan(event.magnet)}`
    case 'metadata':
      return `${paint.bold(event.name)}: ${piecesOf(event)}`
    case 'player':
      return event.player
        ? `playing in ${event.player}: ${event.url}`
        : `open ${event.page} in a browser, or ${event.url} in a player`
    case 'status':
      return statusText(event)
    case 'done':
      return paint.green(
        `${event.path}: whole, ${prettyBytes(event.bytes)}, ${formatSat(event.spentMsat)} spent`,
      )
    case 'failed':
      return paint.red(faultOf(event.error).sentence)
    default:
      return moneyText(event, paint)
  }
}

type MoneyEvent = Extract<
  ClientEvent,
  { readonly event: 'wallet' | 'purchase' | 'sale' | 'unfinished' }
>

function moneyText(event: MoneyEvent, paint: Paint): string {
  switch (event.event) {
    case 'wallet':
      return `wallet ready: ${event.network} node ${event.node.slice(0, 16)}…, can send ${formatSat(event.sendableMsat)}, receive ${formatSat(event.receivableMsat)}`
    case 'purchase':
      return `bought ${piecesText(event)} for ${formatSat(event.amountMsat)}${event.feeMsat > 0n ? ` + fee ${formatSat(event.feeMsat)}` : ''} (${kindText(event.kind)}, ${event.state})`
    case 'sale':
      return `sold ${piecesText(event)} for ${formatSat(event.amountMsat)} (${kindText(event.kind)}, ${event.state})`
    case 'unfinished':
      return paint.yellow(
        `payment ${event.hash.slice(0, 16)}… of ${formatSat(event.amountMsat)} is ${event.state}: its end is not known yet; it is resumed at the next start`,
      )
  }
}

function piecesOf(torrent: ClientEvent & { event: 'metadata' | 'seeding' }): string {
  const piece = prettyBytes(torrent.pieceBytes, { binary: true })
  return `${prettyBytes(torrent.totalBytes)}, ${torrent.pieces} pieces of ${piece}`
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
    status.peers === 1 ? '1 peer' : `${status.peers} peers`,
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
