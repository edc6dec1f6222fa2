/** What we call of npm `bencode` 4: the writer. Its reader is never used (src/core/bencode.ts). */
declare module 'bencode' {
  const bencode: { encode(value: unknown): Uint8Array }
  export default bencode
}
