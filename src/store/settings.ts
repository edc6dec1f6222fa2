/**
 * Small things that a profile keeps between runs, such as its torrent port.
 * @module
 */
import type { Database, Row } from './database.ts'
import { checksum, Reader } from './row.ts'

/** What is kept. */
export type Setting = 'torrent-port'

/** Settings by name, as text. */
export class Settings {
  private readonly db: Database

  constructor(db: Database) {
    this.db = db
    // Every row once: one that a flipped bit hides from its query would be lost without a word.
    db.all('SELECT * FROM setting').forEach(readValue)
  }

  get(name: Setting): string | undefined {
    const row = this.db.get('SELECT * FROM setting WHERE name = ?', name)
    return row && readValue(row)
  }

  put(name: Setting, value: string): void {
    const sum = checksum('setting', [name, value])
    this.db.run('INSERT OR REPLACE INTO setting VALUES (?, ?, ?)', name, value, sum)
  }

  /** The port that this profile's torrents were last reachable at. */
  get torrentPort(): number | undefined {
    const port = Number(this.get('torrent-port') ?? Number.NaN)
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined
  }

  set torrentPort(port: number) {
    this.put('torrent-port', String(port))
  }
}

function readValue(row: Row): string {
  return new Reader('setting', row, ['name', 'value']).text('value')
}
