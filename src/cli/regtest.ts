/**
 * `lntorrent regtest run|status|stop|reset`: the play-money network of the data directory.
 * @module
 */
import type { Command } from 'commander'
import { dataDirectory, regtestStatus, resetRegtest, runRegtest, stopRegtest } from '../client.ts'
import { run } from './run.ts'

interface Flags {
  readonly dataDir?: string
  readonly wallets?: boolean
  readonly json?: boolean
}

/** Adds the commands. */
export function addRegtest(program: Command): void {
  const group = program
    .command('regtest')
    .description(
      'the play-money Lightning network of this machine; seed and stream start it by themselves',
    )
  const command = (name: string, description: string): Command =>
    group
      .command(name)
      .description(description)
      .option('--data-dir <folder>', 'where play money lives')
      .option('--json', 'one JSON object')

  command('run', 'run it here until Ctrl-C').action((flags: Flags) =>
    run(flags, async (show, signal) => {
      await runRegtest(
        dataDirectory(flags.dataDir),
        (line) => show.tell({ event: 'note', text: line }),
        signal,
      )
    }),
  )
  command('status', 'is it running, how high is its chain').action((flags: Flags) =>
    run(flags, async (show) => {
      const status = await regtestStatus(dataDirectory(flags.dataDir))
      if (!status) return show.result('not running', { running: false })
      show.result(
        Object.entries(status)
          .map(([name, value]) => `${name.padEnd(12)}${String(value)}`)
          .join('\n'),
        { running: true, ...status },
      )
    }),
  )
  command('stop', 'end it; wallets wait until it is started again').action((flags: Flags) =>
    run(flags, async (show) => {
      const stopped = await stopRegtest(dataDirectory(flags.dataDir))
      show.result(stopped ? 'stopped' : 'was not running', { stopped })
    }),
  )
  command('reset', 'forget chain and hub: a new chain begins, all play money is gone')
    .option(
      '--wallets',
      "also forget the profiles' play-money wallets, which belong to the old chain",
    )
    .action((flags: Flags) =>
      run(flags, async (show) => {
        const reset = await resetRegtest(dataDirectory(flags.dataDir), flags.wallets ?? false)
        show.result(reset.text, { ...reset })
      }),
    )
}
