/**
 * A process that joins the network of a data directory, says who serves it, and stays.
 * @module
 */
import { joinRegtest } from '../../src/regtest/life.ts'

const [, , dataDir = ''] = process.argv
const client = await joinRegtest({ dataDir, canMine: true })
const { pid, chainId } = await client.status()
console.log(`${pid} ${chainId}`)
