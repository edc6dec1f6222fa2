import { randomBytes } from 'node:crypto'
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { equal } from '../../src/core/bytes.ts'
import { hasCode } from '../../src/core/errors.ts'
import { applyCipher } from '../../torrents/cipher.ts'
import { cipherKey, plaintextCommitment } from '../../torrents/keys.ts'
import { type PieceOpener, pieceOpener } from '../../torrents/piece-opener.ts'
import { plainFile } from '../../torrents/plain-files.ts'
import { runJobs } from '../../torrents/seal-pool.ts'
import { folder } from './folder.ts'
import { rejectedWith } from './thrown.ts'

const PIECE_BYTES = 128 * 1024
const leaf = { span: 4, key: new Uint8Array(32).fill(4) }
const plaintext = new Uint8Array(randomBytes(PIECE_BYTES))
const ciphertext = applyCipher(cipherKey(leaf.key), plaintext)
const pt = plaintextCommitment(leaf.key, plaintext)

async function withOpener(work: (opener: PieceOpener) => Promise<void>): Promise<void> {
  const opener = pieceOpener(4)
  try {
    await work(opener)
  } finally {
    await opener.close()
  }
}

test('opener: a thread opens what is right, and says of what is wrong that it is', (t) =>
  withOpener(async (opener) => {
    const [checked, unchecked] = await Promise.all([
      opener.open(pt, leaf, ciphertext),
      opener.open(undefined, leaf, ciphertext),
    ])
    t.ok(equal(checked, plaintext) && equal(unchecked, plaintext))
    t.equal(ciphertext.length, PIECE_BYTES, "the ciphertext stays the caller's")
    const err: unknown = await opener.open(leaf.key, leaf, ciphertext).catch((why: unknown) => why)
    t.ok(hasCode(err, 'BAD_KEY') && err.detail.span === leaf.span)
  }))

test('opener: short pieces, and all after close, are opened here', (t) =>
  withOpener(async (opener) => {
    const short = ciphertext.subarray(0, 16)
    t.ok(equal(await opener.open(undefined, leaf, short), plaintext.subarray(0, 16)))
    await opener.close()
    t.ok(equal(await opener.open(pt, leaf, ciphertext), plaintext))
  }))

test('opener: closing rejects what waits', (t) =>
  withOpener(async (opener) => {
    const waiting = rejectedWith(opener.open(pt, leaf, ciphertext))
    await opener.close()
    t.equal(String(await waiting), 'Error: closed')
  }))

test('opener: a thread that dies rejects what waits, and another one opens the next piece', (t) =>
  withOpener(async (opener) => {
    const broken = undefined as unknown as typeof leaf
    t.match(String(await rejectedWith(opener.open(pt, broken, ciphertext))), /TypeError/)
    t.ok(equal(await opener.open(pt, leaf, ciphertext), plaintext))
  }))

test('seal: what a thread finds wrong comes with its code', async (t) => {
  const source = join(folder(t, { film: plaintext }), 'film')
  const file = plainFile(source, ['film'])
  truncateSync(source, 10)
  const plan = {
    files: [file],
    totalBytes: PIECE_BYTES,
    pieceBytes: PIECE_BYTES,
    pieces: 1,
    c: 0,
    rootKey: leaf.key,
    couponSeed: leaf.key,
  }
  const job = { firstPiece: 0, pieceCount: 1, inner: [] }
  const made = runJobs(plan, [job], { threads: 1, onPart: () => t.fail('a part') })
  t.equal(await rejectedWith(made), 'FILE_CHANGED')
})
