-- The full-text index. `sqlite/search.rs` says what is in it.

-- The messages that are in the index or will be, in the order in which they were sent. A position is never used twice:
-- whoever pages through hits holds one.
CREATE TABLE search_positions (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    room_id  INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    UNIQUE (room_id, seq)
) STRICT;
INSERT INTO search_positions (room_id, seq)
    SELECT room_id, seq FROM messages JOIN rooms ON rooms.id = room_id WHERE is_deleted = 0
    ORDER BY sent_at, room_id, seq;

-- `rules`: the version of the rules by which terms were made. `events`: messages of the log up to this event have a
-- position. `indexed`: texts up to this position are in the index. `needed`: until it has come that far, nobody can search.
CREATE TABLE search_state (
    rules   TEXT NOT NULL,
    events  INTEGER NOT NULL,
    indexed INTEGER NOT NULL,
    needed  INTEGER NOT NULL
) STRICT;
INSERT INTO search_state
    SELECT '', max(through, coalesce((SELECT max(id) FROM events), 0)), 0, 0 FROM pruned;

-- Without a copy of the texts. Removing one removes its words from the pages (`secure-delete`); a marker, as
-- `contentless_delete` leaves it, would keep them. Three characters before each word say who can read it, so the
-- beginnings of words that have a list of their own are 3 to 6 characters long.
CREATE VIRTUAL TABLE search USING fts5 (
    terms, content = '', columnsize = 0, tokenize = 'ascii', prefix = '6 7 8 9'
);
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
INSERT INTO search (search, rank) VALUES ('usermerge', 2);
