import { sha256 } from '@noble/hashes/sha2.js'
import { bech32 } from '@scure/base'
import fc from 'fast-check'
import test from 'tape'
import { concat, fromHex, toHex } from '../../src/core/bytes.ts'
import { NETWORKS } from '../../src/core/network.ts'
import { encodeInvoice, parseInvoice } from '../../src/wallet/invoice.ts'
import { signInvoice } from '../../src/wallet/invoice-encode.ts'
import { wordsOf } from '../../src/wallet/invoice-words.ts'
import {
  ABOUT,
  BITS,
  craft,
  type Field,
  H,
  HASH,
  KEY,
  NODE,
  OURS,
  P,
  S,
  SECRET,
  THEN,
  USUAL,
  whyNot,
} from './invoice-craft.ts'

const draft = {
  network: 'regtest',
  amountMsat: 5_000n,
  hash: HASH,
  descriptionHash: ABOUT,
  paymentSecret: SECRET,
  cltvDelta: 24,
  createdAtSeconds: THEN,
  validSeconds: 60,
} as const

test('invoice: the examples of BOLT 11 are built to the letter, and read', (t) => {
  // SHA-256 of the examples "an entire list of things (hashed)" and "with a fallback address" (testnet).
  const fallback: Field = [
    9,
    concat(Uint8Array.of(17), wordsOf(fromHex('3172b5654f6683c8fb146959d347ce303cae4ca7'))),
  ]
  const list = craft([S, P, H, BITS], 'lnbc20m')
  const testnet = craft([S, H, P, fallback, BITS], 'lntb20m')
  const digest = (text: string): string => toHex(sha256(new TextEncoder().encode(text)))
  t.equal(digest(list), '85c32166dc5a739a971870cda82c75e43c0769fb1c49a355a33239b1e7d0315d')
  t.equal(digest(testnet), '99caec8e60bdfe9a63ba014674c86c72c1b395dbc3550cb2c57de7c308df7cbc')
  for (const [text, network] of [
    [list, 'bitcoin'],
    [testnet, 'testnet'],
  ] as const) {
    const invoice = parseInvoice(text)
    t.equal(toHex(invoice.payee), NODE)
    t.equal(invoice.network, network)
    t.equal(invoice.amountMsat, 2_000_000_000n)
    t.equal(toHex(invoice.hash), toHex(HASH))
    t.equal(toHex(invoice.descriptionHash), toHex(ABOUT))
    t.equal(toHex(invoice.paymentSecret), toHex(SECRET))
    t.equal(invoice.createdAtSeconds, THEN)
    t.equal(invoice.expiresAtSeconds, THEN + 3600, 'an hour where there is no x')
    t.equal(invoice.cltvDelta, 18, '18 blocks where there is no c')
    t.deepEqual(invoice.featureBits, [8, 14])
  }
  t.end()
})

test('invoice: our own form is frozen', (t) => {
  t.equal(encodeInvoice(draft, KEY), OURS)
  t.end()
})

/** Made by LDK 0.1.2 (lightningdevkit 0.1.2-0): hash 07…, description hash 09…; the second with a hint. */
const LDK = [
  'lnbcrt50n1p4szmc2hp5pyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysnp4qv0h6ge7yl574f5twur30s30mhfmm4vx26v4m8kuxt5yues3rq3yzpp5qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurssp53ldx3phujfjdnp2k6r986pdzsclf2q5qf5npzz7xjht97ksvp40q9qyysgqcqpmxqrrsstj79nfpy3tcetm59akn5avkert7730zp7pta5trwl8mrjvl37dsp4hlttxr385qhqa0s0hgpwxtvck27cuur863h5xkgxz97zzpm3tcqjxdf4r',
  'lnbcrt50n1p4szmcshp5pyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysnp4qv0h6ge7yl574f5twur30s30mhfmm4vx26v4m8kuxt5yues3rq3yzpp5qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurssp5lu39wx0wandq84qrwqpss5mrwn2ylj0v2edr0q6y0jn6exfhacqq9qyysgqcqpmxqrrssrzjqg3gxahnhvh6tt3c48vn3zrdjpq3m0tzcl6yt2tvfel600nfl6ak5qqqqyqqd9qqquqqqqqqqqqqqqqqfq8rpda0e64xa3h549puccgafa97n6fsuylhp3r7xfaqlqkyak3fmj8g2f4xxgj4j5v568vqu82txg9ujsgmytv26azyt2ezzg66pupgqqf0xqqd',
]

test('invoice: those of LDK are read', (t) => {
  for (const [at, text] of LDK.entries()) {
    const invoice = parseInvoice(text)
    t.equal(
      toHex(invoice.payee),
      '031f7d233e27e9eaa68b770717c22fddd3bdd58656995d9edc32e84e6611182241',
    )
    t.equal(invoice.amountMsat, 5_000n)
    t.equal(toHex(invoice.hash), '07'.repeat(32))
    t.equal(toHex(invoice.descriptionHash), '09'.repeat(32))
    t.equal(invoice.cltvDelta, 27, 'LDK adds 3 blocks to the 24 that were asked for')
    t.equal(invoice.expiresAtSeconds - invoice.createdAtSeconds, 3600)
    t.equal(invoice.routeHints.length, at)
  }
  t.end()
})

/** Made by the npm package `invoices` 6.1.0 (ln-service's), in lnd's manner, with the key of BOLT 11. */
const LND =
  'lnbcrt50010p1pj48ugqpp5qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qursrzjq0n326hr8v9zprg8gsvezcch06gfaqqhde2aj730yg0durunfhv66qqqvsqqqqgqqgqqqqlgqqqqqpcq9q9qyysgqxqrrsssp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygsnp4q0n326hr8v9zprg8gsvezcch06gfaqqhde2aj730yg0durunfhv66hp5pyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyyscqzzsc9vcg837grauamk8wkvwl84fzcdklh07w07l0zxefjdjrp8pjy94a0azqk3aty53u3yyaac0dhkdujeyx2736epsntqrv684htarr6qp6zywmc'

test('invoice: those of ln-service are read', (t) => {
  const { routeHints, ...invoice } = parseInvoice(LND)
  t.equal(toHex(invoice.payee), NODE)
  t.equal(invoice.amountMsat, 5_001n)
  t.equal(toHex(invoice.hash), '07'.repeat(32))
  t.equal(toHex(invoice.descriptionHash), '09'.repeat(32))
  t.equal(toHex(invoice.paymentSecret), '11'.repeat(32))
  t.equal(invoice.cltvDelta, 80)
  t.equal(invoice.createdAtSeconds, 1_700_000_000)
  t.equal(invoice.expiresAtSeconds, 1_700_003_600)
  t.deepEqual(invoice.featureBits, [8, 14, 17])
  // 100x1x2: block, transaction, output.
  const channelId = (100n << 40n) | (1n << 16n) | 2n
  const hop = { node: fromHex(NODE), channelId, feeBaseMsat: 1_000, feePpm: 7, cltvDelta: 40 }
  t.deepEqual(routeHints, [[hop]])
  t.end()
})

test('invoice: what was encoded parses to itself', (t) => {
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const hop = fc.record({
    node: fc.constant(fromHex(NODE)),
    channelId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    feeBaseMsat: fc.nat(2 ** 31),
    feePpm: fc.nat(2 ** 31),
    cltvDelta: fc.nat(65_535),
  })
  const drafts = fc.record({
    network: fc.constantFrom(...NETWORKS),
    amountMsat: fc.oneof(
      fc.bigInt({ min: 1n, max: 2_100_000_000_000_000_000n }),
      fc
        .tuple(fc.integer({ min: 1, max: 999 }), fc.nat(12))
        .map(([n, e]) => BigInt(n) * 10n ** BigInt(e)),
    ),
    hash: bytes32,
    descriptionHash: bytes32,
    paymentSecret: bytes32,
    cltvDelta: fc.nat(65_535),
    createdAtSeconds: fc.integer({ min: 0, max: 2 ** 35 - 1 }),
    validSeconds: fc.nat(2 ** 31),
    routeHints: fc.array(fc.array(hop, { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
  })
  fc.assert(
    fc.property(drafts, (one) => {
      const text = encodeInvoice(one, KEY)
      const { payee, expiresAtSeconds, ...read } = parseInvoice(text)
      const validSeconds = expiresAtSeconds - read.createdAtSeconds
      return toHex(payee) === NODE && encodeInvoice({ ...read, validSeconds }, KEY) === text
    }),
    { numRuns: 100, seed: 11 },
  )
  t.pass('seed 11')
  t.end()
})

test('invoice: every single changed character is refused', (t) => {
  const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l1bioQPZ \u0000é'
  for (let at = 0; at < OURS.length; at++) {
    for (const char of alphabet) {
      if (OURS[at] === char) continue
      const changed = OURS.slice(0, at) + char + OURS.slice(at + 1)
      if (whyNot(changed) === 'accepted') t.fail(changed)
    }
  }
  for (let at = 0; at < OURS.length; at++) {
    const shorter = OURS.slice(0, at) + OURS.slice(at + 1)
    if (whyNot(shorter) === 'accepted') t.fail(`without character ${at}`)
    for (const char of 'qp1l') {
      const longer = OURS.slice(0, at) + char + OURS.slice(at)
      if (whyNot(longer) === 'accepted') t.fail(`with ${char} at ${at}`)
    }
  }
  t.pass(`${OURS.length} characters`)
  t.end()
})

test('invoice: any text gives an invoice or BAD_INVOICE', (t) => {
  const words = fc.uint8Array({ max: 31, maxLength: 400 })
  const human = fc.constantFrom('lnbcrt50n', 'lnbc20m', 'lnbcrt', 'lnxx1n', '')
  const field = fc.tuple(fc.nat(31), fc.uint8Array({ max: 31, maxLength: 60 }))
  const texts = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 300 }).map((tail) => `lnbcrt50n1${tail}`),
    fc
      .tuple(human, words)
      .map(([prefix, data]) => bech32.encode(`${prefix}x`.slice(0, -1) || 'x', data, false)),
    fc.tuple(human, words).map(([prefix, data]) => signInvoice(prefix || 'x', data, KEY)),
    fc.array(field, { maxLength: 4 }).map((more) => craft([...USUAL, ...more])),
  )
  let accepted = 0
  fc.assert(
    fc.property(texts, (text) => {
      if (whyNot(text) === 'accepted') accepted += 1
    }),
    { numRuns: 1500, seed: 12 },
  )
  t.ok(accepted > 0, `${accepted} accepted, seed 12`)
  t.end()
})
