import test from 'tape'
import { type Dict, read } from '../../src/core/bencode.ts'
import { toHex } from '../../src/core/bytes.ts'
import { type Endorsement, NO_COUPON, type RecordProof } from '../../src/core/purchase.ts'
import { CouponSeeds, couponTree, paymentHash, wrap } from '../../torrents/coupons.ts'
import { descriptionHash } from '../../torrents/endorse.ts'
import { checkEvidence, type Evidence } from '../../torrents/evidence.ts'
import { buildEvidenceFile, parseEvidenceFile } from '../../torrents/evidence-file.ts'
import { parseInfo } from '../../torrents/info.ts'
import { keyOf, rootKey } from '../../torrents/keys.ts'
import { codeOf } from './thrown.ts'
import { at, bytes, keys, number } from './vectors.ts'

const readInvoice = (): never => {
  throw new Error('no invoice here')
}
const sources = { readInvoice }

function record(dict: Dict, prefix = ''): RecordProof {
  const part = (name: string): Uint8Array => dict.get(prefix + name) as Uint8Array
  return { kc: part('kc'), pt: part('pt'), cv: part('cv'), rpath: part('rpath') }
}

/** Decodes a message as the extension does, without its checks: the vectors are well-formed. */
function decode(message: Uint8Array): Evidence {
  const dict = read(message) as Dict
  const get = (name: string): Uint8Array => dict.get(name) as Uint8Array
  const int = (name: string): number => dict.get(name) as number
  const about = { span: int('span'), record: record(dict) }
  const sold = { wrap: get('w'), preimage: get('p') }
  const form = new TextDecoder().decode(get('form'))
  switch (form) {
    case 'coupon':
      return { ...about, ...sold, form, j: int('j'), cpath: get('cpath') }
    case 'endorsed': {
      const delegate = { x: int('x'), certExp: int('cexp'), dk: get('dk'), cert: get('cert') }
      const endorsement: Endorsement = {
        exp: int('exp'),
        sig: get('sig'),
        ...(dict.has('dk') ? { delegate } : {}),
      }
      return { ...about, ...sold, form, nonce: get('nonce'), endorsement }
    }
    case 'keys':
      return {
        ...about,
        form,
        key: get('key'),
        descendant: { span: int('dspan'), record: record(dict, 'd') },
      }
    case 'plaintext':
      return { ...about, form, key: get('key') }
    case 'free':
      return { ...about, form }
    default:
      throw new Error(form)
  }
}

for (const name of keys('v13_evidence_forms')) {
  test(`vectors v13: evidence ${name} convicts whom it should`, (t) => {
    const of = `v13_evidence_forms.${name}`
    const torrent = parseInfo(bytes(`${of}.info`))
    const evidence = decode(bytes(`${of}.message`))
    const piece = name.endsWith('plaintext') ? { piece: bytes(`${of}.piece`) } : {}
    const convicts = at(`${of}.convicts`)
    if (convicts === null) {
      t.equal(
        codeOf(() => checkEvidence(torrent, evidence, { ...sources, ...piece })),
        'BAD_PROOF',
      )
    } else {
      const found = checkEvidence(torrent, evidence, { ...sources, ...piece })
      const who = found?.convicts === 'delegate' ? `delegate ${toHex(found.dk)}` : found?.convicts
      t.equal(who, convicts)
      const file = { torrent, message: bytes(`${of}.message`), ...piece }
      t.deepEqual(parseEvidenceFile(buildEvidenceFile(file)), file, 'and so does its file')
    }
    t.end()
  })
}

test('vectors v10: a coupon proof without a path that folds frames nobody', (t) => {
  const torrent = parseInfo(bytes('v4_record.info'))
  const couponOf = (of: string): Evidence => ({
    form: 'coupon',
    span: number(`${of}.v`),
    j: number(`${of}.j`),
    wrap: bytes(`${of}.w`),
    preimage: bytes(`${of}.p`),
    cpath: bytes(`${of}.cpath`),
    record: {
      kc: bytes(`${of}.kc`),
      pt: bytes(`${of}.pt`),
      cv: bytes(`${of}.cv`),
      rpath: bytes(`${of}.rpath`),
    },
  })
  const framing = couponOf('v10_evidence.framing')
  t.equal(
    codeOf(() => checkEvidence(torrent, framing, sources)),
    'BAD_PROOF',
  )
  const short = { ...framing, cpath: new Uint8Array() } as Evidence
  t.equal(
    codeOf(() => checkEvidence(torrent, short, sources)),
    'BAD_PROOF',
  )
  const liar = { ...torrent, c: 1, root: bytes('v10_evidence.coupon.root') }
  const lie = couponOf('v10_evidence.coupon')
  t.equal(checkEvidence(liar, lie, sources)?.convicts, 'publisher', 'a real lie convicts')
  t.end()
})

test('evidence: a plaintext lie cannot be judged without the piece, nor with another one', (t) => {
  const of = 'v13_evidence_forms.plaintext'
  const torrent = parseInfo(bytes(`${of}.info`))
  const evidence = decode(bytes(`${of}.message`))
  t.equal(checkEvidence(torrent, evidence, sources), undefined)
  const piece = bytes(`${of}.piece`).map((byte) => byte ^ 1)
  t.equal(
    codeOf(() => checkEvidence(torrent, evidence, { ...sources, piece })),
    'BAD_PROOF',
  )
  t.end()
})

test('evidence: a signed lie convicts the node, an honest or a foreign invoice nobody', (t) => {
  const torrent = parseInfo(bytes('v4_record.info'))
  const master = bytes('v1_keys.master')
  const root = { span: 1, key: rootKey(master, torrent.salt) }
  const preimage = bytes('v5_sales.fresh_kinds_3_and_4.p')
  const honestWrap = wrap(keyOf(root, 8), preimage)
  const badWrap = honestWrap.map((byte) => byte ^ 1)
  const node = new Uint8Array(33).fill(2)
  const cv = couponTree(CouponSeeds.ofMaster(master, torrent.salt, 2), 8, keyOf(root, 8)).cv
  const proof = {
    kc: bytes('v1_keys.kc8'),
    pt: bytes('v2_pieces.pt0'),
    cv,
    rpath: bytes('v4_record.rpath8'),
  }
  const signed = (wrapped: Uint8Array): Evidence => ({
    form: 'signed',
    span: 8,
    record: proof,
    wrap: wrapped,
    preimage,
    invoice: 'lnbcrt1',
  })
  const invoiceOf = (wrapped: Uint8Array, hash = paymentHash(preimage)) => ({
    readInvoice: () => ({
      hash,
      payee: node,
      descriptionHash: descriptionHash({
        infoSha256: torrent.infoSha256,
        kind: 3,
        span: 8,
        j: NO_COUPON,
        wrap: wrapped,
      }),
    }),
  })
  const judge = (wrapped: Uint8Array, invoice: ReturnType<typeof invoiceOf>) =>
    codeOf(() => checkEvidence(torrent, signed(wrapped), invoice))
  t.deepEqual(checkEvidence(torrent, signed(badWrap), invoiceOf(badWrap)), {
    convicts: 'node',
    node,
  })
  t.equal(judge(honestWrap, invoiceOf(honestWrap)), 'BAD_PROOF', 'honest')
  t.equal(judge(badWrap, invoiceOf(honestWrap)), 'BAD_PROOF', 'another wrap than was signed')
  t.equal(judge(badWrap, invoiceOf(badWrap, node.subarray(1))), 'BAD_PROOF', 'another hash')
  t.equal(
    codeOf(() => checkEvidence(torrent, signed(badWrap), sources)),
    'BAD_PROOF',
    'no invoice',
  )
  t.end()
})
