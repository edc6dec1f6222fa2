/**
 * How fast the ledger and BOLT 11 are: `node test/bench/ledger.bench.ts`.
 * @module
 */
import { Bench } from 'tinybench'
import { encodeInvoice, parseInvoice } from '../../src/wallet/invoice.ts'
import { LedgerSale, LedgerTown } from '../wallet/ledger-town.ts'

const BIG = { nearMsat: 10n ** 15n, farMsat: 0n }

function sell(hops: number): () => void {
  const town = new LedgerTown(hops + 1)
  for (let i = 0; i < hops; i++) town.open(i, i + 1, BIG)
  const [payer, payee] = [town.at(0), town.at(hops)]
  return () => {
    const sale = new LedgerSale(payee)
    sale.payFrom(payer)
    if (payee.holds.settle(sale.preimage) !== 'settled') throw new Error('not settled')
  }
}

const bytes = new Uint8Array(32).fill(1)
const draft = {
  network: 'regtest',
  amountMsat: 5_000n,
  hash: bytes,
  descriptionHash: bytes,
  paymentSecret: bytes,
  cltvDelta: 24,
  createdAtSeconds: 1_700_000_000,
  validSeconds: 3_600,
} as const
const invoice = encodeInvoice(draft, bytes)

const bench = new Bench({ time: 1000 })
bench
  .add('hold, pay and settle, one hop', sell(1))
  .add('hold, pay and settle, two hops', sell(2))
  .add('hold, pay and settle, four hops', sell(4))
  .add('encode an invoice', () => void encodeInvoice(draft, bytes))
  .add('parse an invoice', () => void parseInvoice(invoice))
await bench.run()
console.table(bench.table())
const perSecond = (name: string): number | undefined => {
  const result = bench.tasks.find((task) => task.name === name)?.result
  return result && 'throughput' in result ? Math.round(result.throughput.mean) : undefined
}
console.log(
  JSON.stringify({
    sales_per_s_ledger: perSecond('hold, pay and settle, one hop'),
    invoices_parsed_per_s: perSecond('parse an invoice'),
  }),
)
