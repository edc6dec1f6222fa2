/**
 * The page docs/limits.md: what a seller grants, and what one message may hold, from the constants themselves.
 * @module
 */
import {
  CANCEL_RATE,
  EVIDENCE_RATE,
  MAX_EVIDENCE,
  MAX_INVOICE_BYTES,
  MAX_KINDS,
  MAX_MESSAGE_BYTES,
  MAX_ROWS_LEVEL,
  MAX_SPANS,
  MAX_STEP_PPM,
  MAX_TEXT_BYTES,
  MAX_TTL_SECONDS,
  MAX_WAITING_BYTES,
  TERMS_RATE,
} from '../../extensions/lnt-trade/limits.ts'
import { ENDORSEMENT_GRACE_SECONDS } from '../../torrents/endorse.ts'
import { MAX_DEPTH } from '../core/bencode.ts'
import type { Rate } from '../core/bucket.ts'
import {
  ADDRESS_OPEN,
  ALL_STRANGERS_ASKS,
  ALL_STRANGERS_OPEN,
  CONNECTION_OPEN,
  COUPON_REST_SECONDS,
  GETRECORDS,
  HEEDLESS_ASKS,
  HELD_PER_PEER,
  MOST_ADDRESSES,
  MOST_NONCES,
  MOST_OPEN,
  NONCE_MS,
  OFFER_CLTV_DELTA,
  OFFER_TTL_SECONDS,
  OPEN_WAIT_MS,
  PAYING_ASKS,
  PUBLISHER_HOPS,
  STRANGER_ASKS,
  TERMS_SENT,
  WALLET_WAIT_MS,
} from '../core/limits.ts'

type Row = readonly [what: string, much: string | number, beyond: string]

const WAIT = 'reject 4 with `wait`'
const OPEN = 'reject 3 with `wait`'

/** Markdown of docs/limits.md; a test compares the file with it. */
export function limitsPage(): string {
  return [
    '# Limits\n',
    'Generated from `src/core/limits.ts` and `extensions/lnt-trade/limits.ts`; docs/protocol.md §7 and §8 say what they are for.\n',
    'An address is an IPv4 /24 or an IPv6 /48; on loopback each connection is its own. A stranger is a connection on which nothing was settled yet: it becomes a paying one once the settle call is made. An offer counts as open until its HTLC is held. The limits are kept for all torrents of a process together.\n',
    table('What a seller grants', 'granted', STANDING),
    table('How often', 'rate', RATES),
    table('How long', 'time', TIMES),
    table('What a message may hold', 'at most', SIZES),
  ].join('\n')
}

const STANDING: readonly Row[] = [
  ['open offers of a connection', `${CONNECTION_OPEN}, ${growth()}`, OPEN],
  ['open offers of an address', `${ADDRESS_OPEN}, ${growth()}`, OPEN],
  ['open offers of all strangers', ALL_STRANGERS_OPEN, OPEN],
  ['HTLCs held for a connection', HELD_PER_PEER, OPEN],
  ['coupons of a span that strangers have out or unpaid', 'max(1, J/8)', 'kind 4, else reject 6'],
  ['hops in an ask to a publisher', PUBLISHER_HOPS, 'reject 10'],
  ['nonces remembered', MOST_NONCES, 'the oldest is forgotten'],
  ['addresses remembered', MOST_ADDRESSES, 'the least recently seen is forgotten'],
]

const RATES: readonly Row[] = [
  ['asks of a stranger', rate(STRANGER_ASKS), WAIT],
  ['asks of a paying connection', rate(PAYING_ASKS), WAIT],
  ['asks of all strangers', rate(ALL_STRANGERS_ASKS), WAIT],
  ['asks refused for their rate', rate(HEEDLESS_ASKS), 'dropped'],
  ['getrecords', rate(GETRECORDS), WAIT],
  ['terms', rate(TERMS_RATE), 'dropped'],
  ['terms that we send', rate(TERMS_SENT), 'told later, together'],
  ['cancel', rate(CANCEL_RATE), 'dropped'],
  ['evidence', `${rate(EVIDENCE_RATE)}, ${MAX_EVIDENCE} in all`, 'dropped'],
]

const TIMES: readonly Row[] = [
  ['an offer lives', seconds(OFFER_TTL_SECONDS), 'its invoice is cancelled, a late HTLC failed'],
  ['its endorsement lives on', seconds(ENDORSEMENT_GRACE_SECONDS), 'no longer accepted'],
  ['its final CLTV delta', `${OFFER_CLTV_DELTA} blocks`, ''],
  [
    'an unpaid coupon rests after its endorsement',
    seconds(COUPON_REST_SECONDS),
    'offered again, to strangers first',
  ],
  ['a nonce is remembered', seconds(NONCE_MS / 1000), 'forgotten'],
  ['`wait` of a reject 3', seconds(OPEN_WAIT_MS / 1000), ''],
  ['`wait` while the wallet is away', seconds(WALLET_WAIT_MS / 1000), 'the wallet is tried again'],
]

const SIZES: readonly Row[] = [
  ['message', `${MAX_MESSAGE_BYTES} bytes`, 'dropped'],
  ['nesting', MAX_DEPTH, 'dropped'],
  ['spans and fwd together', `${MAX_SPANS} entries`, 'dropped'],
  ['kinds', `${MAX_KINDS} entries`, 'dropped'],
  ['step', `${MAX_STEP_PPM} ppm`, 'dropped'],
  ['ttl', seconds(MAX_TTL_SECONDS), 'dropped'],
  ['inv', `${MAX_INVOICE_BYTES} bytes`, 'dropped'],
  ['text of a reject', `${MAX_TEXT_BYTES} bytes`, 'dropped'],
  ['level of getrecords', MAX_ROWS_LEVEL, 'dropped'],
  ['our messages that wait for a peer that does not read', `${MAX_WAITING_BYTES} bytes`, 'dropped'],
]

function table(title: string, much: string, rows: readonly Row[]): string {
  const lines = rows.map((row) => `| ${row.join(' | ')} |`)
  return [`## ${title}\n`, `| what | ${much} | beyond |`, '|---|---|---|', ...lines, ''].join('\n')
}

function growth(): string {
  return `+1 per settled sale, at most ${MOST_OPEN}`
}

/** Rates below one a second read better as one in so many seconds. */
function rate({ perSecond, burst }: Rate): string {
  const text = perSecond < 1 ? `1 in ${Number((1 / perSecond).toFixed(1))} s` : `${perSecond}/s`
  return `${text}, burst ${burst}`
}

function seconds(count: number): string {
  if (count % 3600 === 0) return `${count / 3600} h`
  return `${count} s`
}
