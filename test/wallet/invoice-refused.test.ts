import { bech32 } from '@scure/base'
import test from 'tape'
import { concat, toHex } from '../../src/core/bytes.ts'
import { parseInvoice } from '../../src/wallet/invoice.ts'
import { signInvoice } from '../../src/wallet/invoice-encode.ts'
import { bitWords, numberWords, wordsOf } from '../../src/wallet/invoice-words.ts'
import {
  BITS,
  C,
  craft,
  D,
  type Field,
  H,
  HOP,
  KEY,
  N,
  NODE,
  OURS,
  P,
  R,
  resigned,
  S,
  SECRET,
  THEN,
  USUAL,
  whyNot,
  withHighS,
  X,
} from './invoice-craft.ts'

const wordsOfLength = (length: number): Uint8Array => new Uint8Array(length)
const swapped = (one: Field, other: Field): Field[] =>
  USUAL.map((field) => (field === one ? other : field))
const OTHER_KEY = new Uint8Array(32).fill(2)

for (const { name, text, why } of [
  { name: 'nothing', text: '', why: 'not bech32, or its checksum is wrong' },
  { name: 'upper case', text: OURS.toUpperCase(), why: 'upper case' },
  { name: 'mixed case', text: `LN${OURS.slice(2)}`, why: 'upper case' },
  {
    name: 'more than 2,048 characters',
    text: craft([...USUAL, [31, wordsOfLength(1000)], [31, wordsOfLength(1000)]]),
    why: 'too long',
  },
  {
    name: 'no room for a signature',
    text: bech32.encode('lnbcrt50n', new Uint8Array(110), false),
    why: 'too short',
  },
  { name: 'an unknown network', text: craft(USUAL, 'lnxy50n'), why: 'human-readable part' },
  { name: 'simnet', text: craft(USUAL, 'lnsb50n'), why: 'human-readable part' },
  { name: 'no amount', text: craft(USUAL, 'lnbcrt'), why: 'no amount' },
  { name: 'an amount of zero', text: craft(USUAL, 'lnbcrt0n'), why: 'human-readable part' },
  { name: 'a leading zero', text: craft(USUAL, 'lnbcrt050n'), why: 'human-readable part' },
  { name: 'an unknown multiplier', text: craft(USUAL, 'lnbcrt50x'), why: 'human-readable part' },
  {
    name: 'less than a millisatoshi',
    text: craft(USUAL, 'lnbcrt50001p'),
    why: 'finer than 1 msat',
  },
  {
    name: 'more than all bitcoin',
    text: craft(USUAL, 'lnbcrt21000001'),
    why: 'more than all bitcoin',
  },
  ...(
    [
      ['p', P],
      ['h', H],
      ['s', S],
      ['n', N],
      ['x', X],
      ['c', C],
      ['9', BITS],
    ] as const
  ).map(([letter, field]) => ({
    name: `two ${letter} fields`,
    text: craft([...USUAL.filter((one) => one !== field), field, field]),
    why: `field ${letter} repeated`,
  })),
  { name: 'two d fields', text: craft([...USUAL, D, D]), why: 'field d repeated' },
  {
    name: 'two p fields of which one is short',
    text: craft([...USUAL, [1, wordsOfLength(51)]]),
    why: 'field p repeated',
  },
  { name: 'both d and h', text: craft([...USUAL, D]), why: 'both d and h' },
  { name: 'd instead of h', text: craft(swapped(H, D)), why: 'd instead of h' },
  { name: 'no h', text: craft(USUAL.filter((field) => field !== H)), why: 'no h' },
  { name: 'no s', text: craft(USUAL.filter((field) => field !== S)), why: 'no s' },
  { name: 'no p', text: craft(USUAL.filter((field) => field !== P)), why: 'no p' },
  ...[51, 53].flatMap((length) => [
    {
      name: `p of ${length} words`,
      text: craft(swapped(P, [1, wordsOfLength(length)])),
      why: 'length of p',
    },
    {
      name: `h of ${length} words`,
      text: craft(swapped(H, [23, wordsOfLength(length)])),
      why: 'length of h',
    },
    {
      name: `s of ${length} words`,
      text: craft(swapped(S, [16, wordsOfLength(length)])),
      why: 'length of s',
    },
  ]),
  { name: 'n of 52 words', text: craft([...USUAL, [19, wordsOfLength(52)]]), why: 'length of n' },
  { name: 'n of 54 words', text: craft([...USUAL, [19, wordsOfLength(54)]]), why: 'length of n' },
  {
    name: 'n that is no key',
    text: craft([...USUAL, [19, wordsOfLength(53)]]),
    why: 'n is not a public key',
  },
  {
    name: 'n of another key',
    text: craft([...USUAL, N], 'lnbcrt50n', OTHER_KEY),
    why: 'signed by another key than n',
  },
  {
    name: 'bits in the padding of p',
    text: craft(swapped(P, [1, new Uint8Array(52).fill(1)])),
    why: 'padding of p',
  },
  {
    name: 'high S beside n',
    text: withHighS(craft([...USUAL, N])),
    why: 'high-S signature beside n',
  },
  {
    name: 'a recovery id of 4',
    text: resigned(OURS, (sig) => concat(sig.subarray(0, 64), Uint8Array.of(4))),
    why: 'signature',
  },
  {
    name: 'a signature of zeros',
    text: resigned(OURS, () => new Uint8Array(65)),
    why: 'signature',
  },
  { name: 'AMP required', text: craft(swapped(BITS, [5, bitWords([8, 14, 30])])), why: 'AMP' },
  { name: 'AMP optional', text: craft(swapped(BITS, [5, bitWords([8, 14, 31])])), why: 'AMP' },
  {
    name: 'unknown feature 100',
    text: craft(swapped(BITS, [5, bitWords([8, 14, 100])])),
    why: 'unknown feature 100',
  },
  {
    name: 'features with a leading zero',
    text: craft(swapped(BITS, [5, concat(wordsOfLength(1), bitWords([8]))])),
    why: 'length of features',
  },
  {
    name: 'x with a leading zero',
    text: craft(swapped(X, [6, numberWords(60, 3)])),
    why: 'length of x',
  },
  {
    name: 'c with a leading zero',
    text: craft(swapped(C, [24, numberWords(24, 2)])),
    why: 'length of c',
  },
  {
    name: 'c of more than 50 bits',
    text: craft(swapped(C, [24, new Uint8Array(11).fill(1)])),
    why: 'length of c',
  },
  { name: 'an empty r', text: craft([...USUAL, [3, wordsOfLength(0)]]), why: 'length of r' },
  {
    name: 'r of 50 bytes',
    text: craft([...USUAL, [3, wordsOf(HOP.subarray(1))]]),
    why: 'length of r',
  },
  {
    name: 'r over a node that is no key',
    text: craft([...USUAL, [3, wordsOf(new Uint8Array(51))]]),
    why: 'a hop of r is not a public key',
  },
  {
    name: 'a field past the end',
    text: signInvoice('lnbcrt50n', concat(numberWords(THEN, 7), Uint8Array.of(1, 1, 20)), KEY),
    why: 'field past the end',
  },
]) {
  test(`invoice: refuses ${name}`, (t) => {
    t.equal(whyNot(text), why)
    t.end()
  })
}

for (const { name, text } of [
  {
    name: 'unknown fields, also repeated',
    text: craft([...USUAL, [2, wordsOfLength(9)], [2, wordsOfLength(8)]]),
  },
  {
    name: 'payment metadata',
    text: craft([...swapped(BITS, [5, bitWords([8, 14, 48])]), [27, wordsOf(SECRET)]]),
  },
  { name: 'an unknown odd feature', text: craft(swapped(BITS, [5, bitWords([8, 14, 99])])) },
  { name: 'MPP, as lnd always says', text: craft(swapped(BITS, [5, bitWords([8, 14, 17])])) },
  { name: 'n, when it is the signer', text: craft([...USUAL, N]) },
  { name: 'a high-S signature without n', text: withHighS(craft(USUAL)) },
  { name: 'two routes', text: craft([...USUAL, R, R]) },
  { name: 'no features', text: craft(USUAL.filter((field) => field !== BITS)) },
]) {
  test(`invoice: accepts ${name}`, (t) => {
    t.equal(toHex(parseInvoice(text).payee), NODE)
    t.end()
  })
}
