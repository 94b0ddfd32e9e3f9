-- Users, their sessions, rooms, members, messages, and the log of events.
-- Times are Unix milliseconds. AUTOINCREMENT is used where an id must never be reused.

CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL,
    name_key      TEXT NOT NULL UNIQUE, -- ASCII lower case
    password_hash TEXT NOT NULL,        -- PHC string
    role          TEXT NOT NULL CHECK (role IN ('member', 'admin')),
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER NOT NULL REFERENCES users,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE rooms (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    rev        INTEGER NOT NULL DEFAULT 1,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL, -- NFC, lower case
    topic      TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('public', 'private', 'direct')),
    created_by INTEGER NOT NULL REFERENCES users,
    created_at INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL DEFAULT 0,
    last_event INTEGER NOT NULL DEFAULT 0, -- the event of the newest message
    archived   INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX public_rooms_by_name ON rooms (name_key) WHERE kind = 'public';
CREATE INDEX public_rooms_by_activity ON rooms (last_event) WHERE kind = 'public';

CREATE TABLE members (
    user_id       INTEGER NOT NULL REFERENCES users,
    room_id       INTEGER NOT NULL REFERENCES rooms ON DELETE CASCADE,
    role          TEXT NOT NULL CHECK (role IN ('owner', 'moderator', 'member')),
    joined_event  INTEGER NOT NULL, -- also the order of joining
    last_read_seq INTEGER NOT NULL,
    notify        TEXT NOT NULL DEFAULT 'mentions' CHECK (notify IN ('all', 'mentions', 'none')),
    PRIMARY KEY (user_id, room_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_room ON members (room_id, joined_event);

-- Clustered by room: a page of history is one range of the tree.
CREATE TABLE messages (
    room_id    INTEGER NOT NULL REFERENCES rooms ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    rev        INTEGER NOT NULL DEFAULT 1,
    sender_id  INTEGER NOT NULL REFERENCES users,
    text       TEXT NOT NULL,
    sent_at    INTEGER NOT NULL,
    edited_at  INTEGER,
    deleted_at INTEGER,
    reply_to   INTEGER,
    mentions   TEXT, -- JSON array of user ids
    txn        TEXT,
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX messages_by_txn ON messages (sender_id, txn) WHERE txn IS NOT NULL;

-- For counting unread mentions.
CREATE TABLE mentions (
    user_id INTEGER NOT NULL REFERENCES users,
    room_id INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (user_id, room_id, seq),
    FOREIGN KEY (room_id, seq) REFERENCES messages ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_by_message ON mentions (room_id, seq);

-- Events, stored as references: a replay returns rooms, users and messages in their current state. The writer
-- assigns the ids, which grow in commit order.
CREATE TABLE events (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,
    room_id INTEGER NOT NULL,
    user_id INTEGER, -- whom it concerns besides the room's members
    seq     INTEGER,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX read_updates ON events (user_id, room_id) WHERE kind = 'read.updated';
-- With these indexes a replay reads only the events that its reader may see: by room, by the user concerned, and new
-- rooms.
CREATE INDEX events_by_room ON events (room_id, id) WHERE kind <> 'read.updated';
CREATE INDEX events_by_user ON events (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX events_of_rooms ON events (id) WHERE kind = 'room.created';

-- Events up to this id have been deleted.
CREATE TABLE pruned (through INTEGER NOT NULL) STRICT;
INSERT INTO pruned VALUES (0);

-- One row per start of the server: the tag of its event ids, and the newest event id at that time.
CREATE TABLE lineages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    tag        TEXT NOT NULL UNIQUE,
    base       INTEGER NOT NULL,
    started_at INTEGER NOT NULL
) STRICT;
