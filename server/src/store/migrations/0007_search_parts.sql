-- The full-text index in parts. Each is a table of FTS5, `search_<id>`; `sqlite/search/parts.rs` says why.

-- `state`: a part that is `used` is searched. It holds the messages from position `first` up to the next such part, in
-- texts of `size` bytes. One that is `new` will replace another, and one that is `old` is being removed.
-- `is_due`: it also holds texts of deleted rooms, whose positions are gone; it has to be replaced. `successor`: the
-- part that will replace it and has the texts up to position `copied` already.
-- `is_tidy`: there is nothing to merge.
CREATE TABLE search_parts (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    state     TEXT NOT NULL CHECK (state IN ('new', 'used', 'old')),
    first     INTEGER NOT NULL,
    size      INTEGER NOT NULL DEFAULT 0,
    is_tidy   INTEGER NOT NULL DEFAULT 0 CHECK (is_tidy IN (0, 1)),
    is_due    INTEGER NOT NULL DEFAULT 0 CHECK (is_due IN (0, 1)),
    successor INTEGER,
    copied    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The index of before is built anew.
ALTER TABLE search RENAME TO search_0;
INSERT INTO search_parts (id, state, first) VALUES (0, 'old', 0);
UPDATE search_state SET rules = '';
ALTER TABLE search_state DROP COLUMN hidden;
