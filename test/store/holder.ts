/** Child process of profile.test.ts: locks a profile and waits to be killed. */
import { lockProfile } from '../../src/store/lock.ts'

lockProfile(process.argv[2] ?? '')
process.stdout.write('locked\n')
setInterval(() => undefined, 60_000)
