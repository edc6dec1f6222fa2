/**
 * Bytes from a socket into messages with few copies, in place of stock code that joins what is left
 * over with each new chunk: quadratic for long messages, a second copy of everything for short ones.
 * @module
 */
import Wire from 'bittorrent-protocol'

/** Replaces how all wires take bytes in, once a process and before guard.ts wraps it. */
export function installIntake(): void {
  const proto = Wire.prototype
  const { write, process } = { write: proto._write, process: proto._processBuffer }
  proto._write = function (this: Wire, bytes, callback) {
    if (!isPastHandshake(this)) {
      write.call(this, bytes, callback)
      return
    }
    const data = this._encryptor?.decrypt(bytes) ?? bytes
    this._buffer.push(data)
    this._bufferSize += data.length
    this._processBuffer()
    callback(null)
  }
  proto._processBuffer = function (this: Wire) {
    if (!isPastHandshake(this)) process.call(this)
    // Also when the handshake ended just now: what came with it is already there.
    if (isPastHandshake(this)) parse(this)
  }
}

/** Before, stock code looks for patterns of the encryption's handshake in the joined buffer. */
function isPastHandshake(wire: Wire): boolean {
  return wire.peerId !== null && !wire._cryptoSyncPattern && !wire._pePending
}

function parse(wire: Wire): void {
  while (wire._bufferSize >= wire._parserSize) wire._parser(take(wire, wire._parserSize))
}

/** The next `size` bytes: a view where they lie in one chunk, else a copy of just them. */
function take(wire: Wire, size: number): Uint8Array {
  const chunks = wire._buffer
  wire._bufferSize -= size
  const first = chunks[0]
  if (first && first.length > size) {
    chunks[0] = first.subarray(size)
    return first.subarray(0, size)
  }
  if (first && first.length === size) {
    chunks.shift()
    return first
  }
  const message = Buffer.allocUnsafe(size)
  for (let at = 0; at < size; ) {
    const chunk = chunks[0]
    if (!chunk) throw new RangeError('fewer bytes than counted')
    const part = chunk.subarray(0, size - at)
    message.set(part, at)
    at += part.length
    if (part.length === chunk.length) chunks.shift()
    else chunks[0] = chunk.subarray(part.length)
  }
  return message
}
