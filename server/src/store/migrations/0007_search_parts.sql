-- The full-text index in parts. Each is a contentless table of FTS5, `search_<id>`; `sqlite/search/parts.rs` says why.

-- `state`: a part that is `used` is searched. It holds the messages from position `first` up to the next such part. One
-- that is `new` will replace another, and one that is `old` is being removed. `size`: the bytes of the texts that were
-- added to it, and 64 more for each.
-- `is_due`: it holds texts of deleted rooms, whose positions are gone, and no replacement has begun since then.
-- `successor`: the part that will replace it; it has the texts up to position `copied` already.
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

-- The earlier index is removed, and a new one is built.
ALTER TABLE search RENAME TO search_0;
INSERT INTO search_parts (id, state, first) VALUES (0, 'old', 0);
UPDATE search_state SET rules = '';
ALTER TABLE search_state DROP COLUMN hidden;
