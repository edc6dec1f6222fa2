/**
 * A node's journal: frames, state, torn writes, compaction, the seed.
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import test from 'tape'
import { equal, toHex } from '../../src/core/bytes.ts'
import { hasCode } from '../../src/core/errors.ts'
import { decodeFrames, type Entry, encodeFrame, KIND } from '../../src/wallet/ldk/frame.ts'
import { Journal } from '../../src/wallet/ldk/journal.ts'
import { openSeed } from '../../src/wallet/ldk/seed.ts'
import { entriesOf, stateOf } from '../../src/wallet/ldk/state.ts'

const seed = 20_261_121

const entry: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constantFrom(...Object.values(KIND)),
  key: fc.string({ unit: 'grapheme', maxLength: 20 }),
  bytes: fc.uint8Array({ maxLength: 60 }),
})
/** Commits: none is empty. */
const frames = fc.array(fc.array(entry, { minLength: 1, maxLength: 5 }), { maxLength: 5 })

const manager = (text: string): Entry => ({ kind: KIND.manager, key: '', bytes: Buffer.from(text) })
const record = (key: string, text: string): Entry => ({
  kind: KIND.record,
  key,
  bytes: Buffer.from(text),
})

function inDirectory(act: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'lnt-journal-'))
  return act(directory).finally(() => rmSync(directory, { recursive: true }))
}

test(`wallet journal: what is written is read (seed ${seed})`, (t) => {
  fc.assert(
    fc.property(frames, (written) => {
      const file = Buffer.concat(written.map(encodeFrame))
      const { entries, wholeBytes } = decodeFrames(file)
      const same = (a: Entry, b: Entry | undefined): boolean =>
        b !== undefined && a.kind === b.kind && a.key === b.key && equal(a.bytes, b.bytes)
      return wholeBytes === file.length && written.flat().every((one, i) => same(one, entries[i]))
    }),
    { seed },
  )
  t.pass('round trip')
  t.end()
})

test(`wallet journal: cut anywhere, the whole frames before the cut remain (seed ${seed})`, (t) => {
  const cut = fc.tuple(
    fc.array(entry, { minLength: 1, maxLength: 3 }),
    fc.array(entry, { minLength: 1 }),
    fc.nat(),
  )
  fc.assert(
    fc.property(cut, ([first, second, at]) => {
      const kept = encodeFrame(first)
      const torn = encodeFrame(second)
      const file = Buffer.concat([kept, torn.subarray(0, at % torn.length)])
      const { entries, wholeBytes } = decodeFrames(file)
      return wholeBytes === kept.length && entries.length === first.length
    }),
    { seed },
  )
  t.pass('a commit is whole or not there')
  t.end()
})

test('wallet journal: damage before the end is not taken for a torn write', (t) => {
  const file = Buffer.concat([encodeFrame([manager('one')]), encodeFrame([manager('two')])])
  file[25] = (file[25] ?? 0) ^ 1
  t.throws(
    () => decodeFrames(file),
    (err: unknown) => hasCode(err, 'BAD_JOURNAL'),
  )
  const zeros = Buffer.concat([encodeFrame([manager('one')]), new Uint8Array(64)])
  t.equal(decodeFrames(zeros).entries.length, 1, 'zeros that were never synced are')
  t.end()
})

test('wallet journal: an update of no monitor is refused', (t) => {
  const update: Entry = { kind: KIND.update, key: 'ab', bytes: Uint8Array.of(1) }
  t.throws(
    () => stateOf([update]),
    (err: unknown) => hasCode(err, 'BAD_JOURNAL'),
  )
  const whole: Entry = { ...update, kind: KIND.monitor }
  const state = stateOf([whole, update, update, manager('m'), record('a', '1'), record('a', '2')])
  t.deepEqual(stateOf(entriesOf(state)), state, 'the fewest entries add up to the same')
  t.deepEqual([...state.records], [['a', '2']])
  t.end()
})

test('wallet journal: a torn last commit is dropped, and the next one follows the last whole one', (t) =>
  inDirectory(async (directory) => {
    const path = join(directory, 'node.journal')
    const first = await Journal.open(directory)
    await first.journal.append([manager('one'), record('a', '1')])
    await first.journal.append([manager('two'), record('a', '2')])
    await first.journal.close()
    t.equal(statSync(path).mode & 0o777, 0o600, 'nobody else may read it')
    truncateSync(path, statSync(path).size - 3)

    const second = await Journal.open(directory)
    t.equal(second.state.records.get('a'), '1')
    await second.journal.append([record('b', '3')])
    await second.journal.close()
    const third = await Journal.open(directory)
    t.deepEqual(
      [...third.state.records],
      [
        ['a', '1'],
        ['b', '3'],
      ],
    )
    t.equal(Buffer.from(third.state.manager ?? []).toString(), 'one')
    await third.journal.close()
  }))

test('wallet journal: it is written anew when it has grown, and holds the same', (t) =>
  inDirectory(async (directory) => {
    const path = join(directory, 'node.journal')
    const { journal } = await Journal.open(directory)
    const large = 'x'.repeat(2 ** 20)
    await journal.append([record('a', 'kept')])
    for (let i = 0; i < 20; i++) await journal.append([manager(large + i)])
    t.ok(statSync(path).size < 8 * 2 ** 20, 'it is small again')
    await journal.append([record('b', 'later')])
    await journal.close()
    const again = await Journal.open(directory)
    t.deepEqual(
      [...again.state.records],
      [
        ['a', 'kept'],
        ['b', 'later'],
      ],
    )
    t.equal(Buffer.from(again.state.manager ?? []).toString(), `${large}19`)
    await again.journal.close()
  }))

test('wallet journal: the seed is made once, for the owner only', (t) =>
  inDirectory(async (directory) => {
    const made = await openSeed(directory)
    t.equal(made.length, 32)
    t.equal(toHex(await openSeed(directory)), toHex(made), 'the same the next time')
    t.equal(statSync(join(directory, 'seed')).mode & 0o777, 0o600)
    t.equal(toHex(readFileSync(join(directory, 'seed'))), toHex(made))
    writeFileSync(join(directory, 'seed'), 'short')
    const answer = await openSeed(directory).catch((err: unknown) => err)
    t.ok(hasCode(answer, 'BAD_JOURNAL'), 'what is no seed is not replaced')
  }))
