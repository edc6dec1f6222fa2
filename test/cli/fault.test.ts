import { readFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import test from 'tape'
import { faultOf } from '../../src/cli/fault.ts'
import { type ErrorDetail, LntError } from '../../src/core/errors.ts'

/** One error of each code. The compiler sees that none is left out. */
const DETAILS: { readonly [C in ErrorDetail['code']]: Extract<ErrorDetail, { code: C }> } = {
  BAD_MESSAGE: { code: 'BAD_MESSAGE', why: 'short' },
  BAD_OFFER: { code: 'BAD_OFFER', why: 'no proof' },
  BAD_PEER: { code: 'BAD_PEER', why: 'too much' },
  BAD_PROOF: { code: 'BAD_PROOF', why: 'no fold' },
  BAD_KEY: { code: 'BAD_KEY', why: 'no fit', span: 7 },
  BAD_TORRENT: { code: 'BAD_TORRENT', why: 'no name' },
  BAD_MAGNET: { code: 'BAD_MAGNET', why: 'no x.lnt' },
  BAD_INVOICE: { code: 'BAD_INVOICE', why: 'no hash' },
  NOT_SEALED: { code: 'NOT_SEALED', name: 'film' },
  BAD_INPUT: { code: 'BAD_INPUT', what: 'x is y', hint: 'give z' },
  FILE_CHANGED: { code: 'FILE_CHANGED', path: '/a' },
  FILE_SYSTEM: { code: 'FILE_SYSTEM', path: '/a', why: 'odd' },
  PROFILE_LOCKED: { code: 'PROFILE_LOCKED', profile: 'seller', pid: 4711 },
  PORT_IN_USE: { code: 'PORT_IN_USE', port: 80 },
  UNKNOWN_WALLET: { code: 'UNKNOWN_WALLET', address: 'foo:' },
  WALLET_UNAVAILABLE: { code: 'WALLET_UNAVAILABLE', why: 'away' },
  WRONG_CHAIN: { code: 'WRONG_CHAIN', wallet: 'ab'.repeat(32), chain: 'cd'.repeat(32) },
  HASH_IN_USE: { code: 'HASH_IN_USE', hash: 'ab' },
  PAYMENT_UNKNOWN: { code: 'PAYMENT_UNKNOWN', hash: 'ab', why: 'silence' },
  PAYMENT_REFUSED: { code: 'PAYMENT_REFUSED', hash: 'ab', why: 'no route' },
  BAD_JOURNAL: { code: 'BAD_JOURNAL', why: 'sum' },
  BAD_WALLET: { code: 'BAD_WALLET', why: 'lies' },
  OVER_BUDGET: { code: 'OVER_BUDGET', needMsat: 2n, leftMsat: 1n },
  ALREADY_PAID: { code: 'ALREADY_PAID', hash: 'ab' },
  REGTEST_FAILED: { code: 'REGTEST_FAILED', why: 'no start' },
  NO_PLAYER: { code: 'NO_PLAYER', player: 'vlc' },
  SEAM_BROKEN: { code: 'SEAM_BROKEN', seam: 'webtorrent' },
  BAD_TRANSITION: { code: 'BAD_TRANSITION', machine: 'sale', state: 'out', event: 'x' },
}

/** Words that tell a user what to do, or that there is nothing to do. */
const ADVICE =
  /give|seed it|start|copy|get it|use |end that|choose|known are|begins anew|install|larger|tells more|keep the folder|others go on|elsewhere|look at|run |report|move/

test('fault: every code of the catalogue has one sentence with what to do next', (t) => {
  const source = readFileSync(new URL('../../src/core/errors.ts', import.meta.url), 'utf8')
  const codes = new Set([...source.matchAll(/readonly code: '(\w+)'/g)].map(([, code]) => code))
  t.deepEqual(new Set(Object.keys(DETAILS)), codes, 'this test knows them all')
  for (const detail of Object.values(DETAILS)) {
    const { code, sentence } = faultOf(new LntError(detail))
    t.equal(code, detail.code)
    t.notOk(sentence.includes('\n') || sentence.includes(detail.code), `${code}: one plain line`)
    if (code !== 'FILE_SYSTEM') t.match(sentence, ADVICE)
  }
  t.end()
})

test("fault: the user's mistakes end with 2, all else with 1", (t) => {
  const exit = (detail: ErrorDetail): number => faultOf(new LntError(detail)).exitCode
  for (const code of [
    'BAD_INPUT',
    'BAD_MAGNET',
    'FILE_SYSTEM',
    'PORT_IN_USE',
    'WRONG_CHAIN',
  ] as const)
    t.equal(exit(DETAILS[code]), 2, code)
  for (const code of ['BAD_JOURNAL', 'BAD_TRANSITION', 'BAD_WALLET', 'SEAM_BROKEN'] as const)
    t.equal(exit(DETAILS[code]), 1, code)
  t.equal(faultOf(new CommanderError(1, 'commander.unknownOption', 'error: x')).exitCode, 2)
  t.end()
})

test('fault: what the system refused is said in words, however deep it lies', (t) => {
  const said = (code: string): string => {
    const system = Object.assign(new Error(`${code}: odd words, open '/a'`), { code })
    const cause = new Error('between', { cause: system })
    return faultOf(new LntError({ code: 'FILE_SYSTEM', path: '/a', why: 'odd' }, { cause }))
      .sentence
  }
  t.equal(said('ENOENT'), '/a: there is no such file or folder')
  t.match(said('ENOSPC'), /^\/a: the disk is full: make room and start again/)
  t.match(said('EACCES'), /permission denied/)
  t.equal(said('EWHAT'), '/a: odd', 'unknown ones as they are')
  t.end()
})

test('fault: a bug is shown whole, to be reported', (t) => {
  const { code, sentence, exitCode } = faultOf(new TypeError('x is undefined'))
  t.equal(code, 'BUG')
  t.equal(exitCode, 1)
  t.match(sentence, /please report it.*TypeError: x is undefined.* at /s)
  t.match(faultOf('thrown').sentence, /thrown/)
  t.end()
})

test("fault: commander's mistakes are one line without its prefix", (t) => {
  const err = new CommanderError(1, 'x', "error: unknown command 'sede'\n(Did you mean seed?)")
  t.equal(
    faultOf(err).sentence,
    "unknown command 'sede' (Did you mean seed?); --help tells what can be said",
  )
  t.end()
})
