/**
 * Cuts what a socket brings into lines, never keeping more than one line's worth.
 * @module
 */
import { StringDecoder } from 'node:string_decoder'
import { bad } from './message.ts'

/** Collects bytes until a line is whole. */
export class Lines {
  private readonly decoder = new StringDecoder('utf8')
  private readonly maxChars: number
  private rest = ''

  constructor(maxChars: number) {
    this.maxChars = maxChars
  }

  /**
   * The lines that `chunk` completes.
   * @throws LntError `BAD_MESSAGE` when a line is longer than allowed
   */
  *push(chunk: Uint8Array): Generator<string> {
    const parts = this.decoder.write(Buffer.from(chunk)).split('\n')
    for (const [index, part] of parts.entries()) {
      this.rest += part
      if (this.rest.length > this.maxChars) throw bad('the line is too long')
      if (index === parts.length - 1) return
      const line = this.rest
      this.rest = ''
      yield line
    }
  }
}
