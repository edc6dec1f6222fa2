import test from 'tape'
import { type Line, type Running, Stage } from './rig.ts'

async function result(running: Running, code = 0): Promise<Line> {
  const ended = await running.ended()
  if (ended !== code) throw new Error(`exit ${ended}: ${running.stdout}${running.stderr}`)
  return running.events(code === 0 ? 'result' : 'error')[0] ?? {}
}

test('regtest: run, status, stop and reset; a wallet of another chain is told what to do', async (t) => {
  const stage = new Stage(t)
  const film = stage.film()
  t.equal((await result(stage.start('regtest', 'status')))['running'], false)
  t.equal((await result(stage.start('regtest', 'stop')))['stopped'], false)

  const seeder = stage.start('seed', film)
  await seeder.until('wallet')
  t.equal(await seeder.stop(), 130)
  t.doesNotThrow(() => seeder.lines, 'every line is JSON, also when the node is loaded')
  const status = await result(stage.start('regtest', 'status'))
  t.equal(status['running'], true, 'Ctrl-C in seed leaves it running')
  const refused = await result(stage.start('regtest', 'reset'), 2)
  t.match(String(refused['message']), /regtest stop/, 'not while it runs')
  t.equal((await result(stage.start('regtest', 'stop')))['stopped'], true)

  const reset = await result(stage.start('regtest', 'reset'))
  t.match(String(reset['text']), /--wallets forgets them too/)
  const lost = stage.start('seed', film)
  const wrong = await result(lost, 2)
  t.equal(wrong['code'], 'WRONG_CHAIN')
  t.match(
    String(wrong['message']),
    /"lntorrent regtest stop", then "lntorrent regtest reset --wallets"/,
  )

  t.equal((await result(stage.start('regtest', 'stop')))['stopped'], true)
  const again = await result(stage.start('regtest', 'reset', '--wallets'))
  t.match(String(again['text']), /wallets forgotten: .*seller/)
  const anew = stage.start('seed', film)
  await anew.until('wallet')
  t.pass('and then it begins anew')
  t.equal(await anew.stop(), 130)

  const second = stage.start('regtest', 'run')
  t.match(String((await result(second, 2))['message']), /runs already: "lntorrent regtest stop"/)
  t.equal((await result(stage.start('regtest', 'stop')))['stopped'], true)
  const foreground = stage.start('regtest', 'run')
  await foreground.until('note')
  t.equal(await foreground.stop(), 130)
})
