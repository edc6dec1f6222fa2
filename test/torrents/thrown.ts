/** What a call throws: the code of an LntError, or the error itself. */
import { LntError } from '../../src/core/errors.ts'

export function codeOf(call: () => unknown): unknown {
  try {
    call()
    return undefined
  } catch (err) {
    return err instanceof LntError ? err.detail.code : err
  }
}

export async function rejectedWith(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return undefined
  } catch (err) {
    return err instanceof LntError ? err.detail.code : err
  }
}
