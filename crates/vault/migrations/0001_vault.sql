-- Format 1. A published migration is never edited; a change is a new file.

-- The vault itself: exactly one row.
CREATE TABLE vault (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    format     INTEGER NOT NULL,
    vault_id   TEXT NOT NULL,
    active_kid TEXT NOT NULL,
    state      TEXT NOT NULL
) STRICT;

-- Data keys, each sealed by the master key.
CREATE TABLE data_key (
    kid     TEXT PRIMARY KEY,
    wrapped TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Entries. `value` is a sealed envelope; `rev` repeats the revision it is sealed for.
CREATE TABLE entry (
    key   TEXT PRIMARY KEY,
    rev   INTEGER NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
