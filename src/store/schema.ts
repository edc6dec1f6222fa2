/**
 * The tables of a profile's journal.db. STRICT, closed words, one row of state a machine, events only ever added.
 * @module
 */
import type { Schema } from './database.ts'

const JOURNAL = `
CREATE TABLE event (
  seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,
  machine TEXT NOT NULL CHECK (machine IN ('purchase', 'sale')), id INTEGER NOT NULL, hash BLOB NOT NULL,
  event TEXT NOT NULL, state TEXT NOT NULL, msat INTEGER NOT NULL, fee_msat INTEGER NOT NULL, sum BLOB NOT NULL
) STRICT;
CREATE INDEX event_row ON event (machine, id, seq);
CREATE INDEX event_state ON event (state, at_ms);
CREATE TRIGGER event_kept BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are only added'); END;
CREATE TRIGGER event_fixed BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are only added'); END;

CREATE TABLE purchase (
  id INTEGER PRIMARY KEY, state TEXT NOT NULL,
  info_sha256 BLOB NOT NULL, span INTEGER NOT NULL, kind INTEGER NOT NULL, j INTEGER NOT NULL,
  hash BLOB NOT NULL, wrap BLOB NOT NULL, kc BLOB NOT NULL, pt BLOB NOT NULL, cv BLOB NOT NULL,
  rpath BLOB NOT NULL, cpath BLOB NOT NULL, invoice TEXT NOT NULL, payee BLOB NOT NULL,
  amount_msat INTEGER NOT NULL, fee_limit_msat INTEGER NOT NULL, nonce BLOB NOT NULL,
  exp INTEGER, sig BLOB, x INTEGER, cert_exp INTEGER, dk BLOB, cert BLOB,
  expires_at_ms INTEGER NOT NULL, wallet_node BLOB, expiry_limit_height INTEGER,
  preimage BLOB, fee_msat INTEGER, sum BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX purchase_offer ON purchase (hash, nonce);
-- Money law 2, so that even a bug cannot: one hash is paid once.
CREATE UNIQUE INDEX purchase_paid_once ON purchase (hash)
  WHERE state IN ('paying', 'dead', 'paid', 'opened', 'cheated');
CREATE INDEX purchase_torrent ON purchase (info_sha256, state);
CREATE INDEX purchase_open ON purchase (state) WHERE state IN ('offered', 'paying', 'dead', 'paid');

CREATE TABLE sale (
  id INTEGER PRIMARY KEY, state TEXT NOT NULL,
  info_sha256 BLOB NOT NULL, hash BLOB NOT NULL, span INTEGER NOT NULL, kind INTEGER NOT NULL,
  j INTEGER NOT NULL, preimage BLOB NOT NULL, amount_msat INTEGER NOT NULL, exp INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL, buyer TEXT NOT NULL, expiry_height INTEGER, wallet_node BLOB,
  sum BLOB NOT NULL
) STRICT;
-- One open offer per hash (docs/protocol.md §7); a hash that was settled, or lost, is never sold again.
CREATE UNIQUE INDEX sale_once ON sale (hash) WHERE state <> 'cancelled';
CREATE INDEX sale_torrent ON sale (info_sha256, state);
CREATE INDEX sale_open ON sale (state) WHERE state IN ('offered', 'held', 'settling', 'cancelling');
`

const KEYS = `
CREATE TABLE span_key (
  info_sha256 BLOB NOT NULL, span INTEGER NOT NULL, key BLOB NOT NULL, source TEXT NOT NULL, sum BLOB NOT NULL,
  PRIMARY KEY (info_sha256, span)
) STRICT, WITHOUT ROWID;

CREATE TABLE coupon (
  hash BLOB PRIMARY KEY, salt BLOB NOT NULL, c INTEGER NOT NULL, span INTEGER NOT NULL, j INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('out', 'pool', 'retired')),
  exp INTEGER NOT NULL, stranger INTEGER NOT NULL CHECK (stranger IN (0, 1)), sum BLOB NOT NULL,
  UNIQUE (salt, c, span, j)
) STRICT, WITHOUT ROWID;
CREATE TABLE coupon_book (
  master BLOB PRIMARY KEY, fresh_from INTEGER NOT NULL, sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`

const TORRENTS = `
CREATE TABLE sealed (
  info_sha256 BLOB PRIMARY KEY, info BLOB NOT NULL, files TEXT NOT NULL, piece_bytes INTEGER NOT NULL,
  c INTEGER NOT NULL, free TEXT NOT NULL, anonymous INTEGER NOT NULL, price_msat INTEGER NOT NULL,
  step_ppm INTEGER NOT NULL, added_ms INTEGER NOT NULL, sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE viewed (
  info_sha256 BLOB PRIMARY KEY, info BLOB, magnet TEXT NOT NULL, place TEXT NOT NULL, path TEXT NOT NULL,
  budget_msat INTEGER, max_price_msat INTEGER, added_ms INTEGER NOT NULL, sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE setting (
  name TEXT PRIMARY KEY, value TEXT NOT NULL, sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`

/** Version 1 of journal.db. */
export const SCHEMA: Schema = { version: 1, sql: JOURNAL + KEYS + TORRENTS }
