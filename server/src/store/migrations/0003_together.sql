-- Messages that change, direct rooms, bans, and what is known of members, sessions and mentions.

ALTER TABLE messages ADD COLUMN text_rev INTEGER NOT NULL DEFAULT 1; -- the `rev` that brought the text
ALTER TABLE messages ADD COLUMN deleted_by INTEGER REFERENCES users;
ALTER TABLE messages ADD COLUMN answers INTEGER;                     -- the author of the message replied to
ALTER TABLE messages ADD COLUMN mentions_all INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN may_mention_all INTEGER NOT NULL DEFAULT 0; -- by the sender's rights when it was sent
ALTER TABLE messages ADD COLUMN reactions TEXT;                      -- JSON, as the wire shows them

UPDATE messages SET answers = (SELECT sender_id FROM messages original
        WHERE original.room_id = messages.room_id AND original.seq = messages.reply_to)
    WHERE reply_to IS NOT NULL;

-- Who reacted with what. `added` grows in commit order.
CREATE TABLE reactions (
    user_id INTEGER NOT NULL REFERENCES users,
    room_id INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    emoji   TEXT NOT NULL,
    added   INTEGER NOT NULL,
    PRIMARY KEY (user_id, room_id, seq, emoji),
    FOREIGN KEY (room_id, seq) REFERENCES messages ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX reactions_by_message ON reactions (room_id, seq, emoji, added);

-- A message mentions a user whom its text names or whom it answers, but never its sender.
CREATE TABLE mentions_by_user (
    user_id INTEGER NOT NULL REFERENCES users,
    room_id INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, room_id, seq),
    FOREIGN KEY (room_id, seq) REFERENCES messages ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO mentions_by_user
    SELECT user_id, room_id, seq, sent_at FROM mentions JOIN messages USING (room_id, seq) WHERE user_id <> sender_id;
INSERT OR IGNORE INTO mentions_by_user
    SELECT answers, room_id, seq, sent_at FROM messages WHERE answers IS NOT NULL AND answers <> sender_id;
DROP TABLE mentions;
ALTER TABLE mentions_by_user RENAME TO mentions;
CREATE INDEX mentions_by_message ON mentions (room_id, seq);
CREATE INDEX mentions_by_time ON mentions (user_id, sent_at, room_id, seq);

-- Messages that mention everyone in their room: those who were members when it was sent, but never its sender.
CREATE TABLE mentions_of_all (
    room_id   INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    sender_id INTEGER NOT NULL,
    sent_at   INTEGER NOT NULL,
    PRIMARY KEY (room_id, seq),
    FOREIGN KEY (room_id, seq) REFERENCES messages ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_of_all_by_time ON mentions_of_all (room_id, sent_at, seq);

ALTER TABLE members ADD COLUMN joined_at INTEGER NOT NULL DEFAULT 0;
UPDATE members SET joined_at = coalesce(
    (SELECT at FROM events WHERE events.id = joined_event),
    (SELECT created_at FROM rooms WHERE rooms.id = room_id));

ALTER TABLE members ADD COLUMN joined_seq INTEGER NOT NULL DEFAULT 0; -- the room's end at the time

-- User names never change. With a copy of its key in each row, a page of members is one range of an index.
ALTER TABLE members ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE members SET name_key = (SELECT users.name_key FROM users WHERE users.id = members.user_id);
CREATE INDEX members_by_name ON members (room_id, name_key);

ALTER TABLE rooms ADD COLUMN member_count INTEGER NOT NULL DEFAULT 0;
UPDATE rooms SET member_count = (SELECT count(*) FROM members WHERE members.room_id = rooms.id);

-- One row while something that was removed may still be in the files.
CREATE TABLE unerased (id INTEGER PRIMARY KEY CHECK (id = 1)) STRICT;

-- The names of deleted rooms are free.
DROP INDEX public_rooms_by_name;
CREATE UNIQUE INDEX public_rooms_by_name ON rooms (name_key) WHERE kind = 'public' AND is_deleted = 0;
DROP INDEX public_rooms_by_activity;
CREATE INDEX public_rooms_by_activity ON rooms (last_event) WHERE kind = 'public' AND is_deleted = 0;

-- Events of a deleted room up to this id have been purged.
ALTER TABLE rooms ADD COLUMN events_purged INTEGER NOT NULL DEFAULT 0;

-- The two users of a direct room, the lower id first; the same one twice for a room of notes.
CREATE TABLE direct_rooms (
    room_id    INTEGER PRIMARY KEY REFERENCES rooms ON DELETE CASCADE,
    low_id     INTEGER NOT NULL REFERENCES users,
    high_id    INTEGER NOT NULL REFERENCES users,
    low_wrote  INTEGER NOT NULL DEFAULT 0 CHECK (low_wrote IN (0, 1)),
    high_wrote INTEGER NOT NULL DEFAULT 0 CHECK (high_wrote IN (0, 1)),
    UNIQUE (low_id, high_id)
) STRICT;

CREATE TABLE bans (
    room_id    INTEGER NOT NULL REFERENCES rooms ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users,
    by_id      INTEGER NOT NULL REFERENCES users,
    reason     TEXT,
    created_at INTEGER NOT NULL,
    name_key   TEXT NOT NULL, -- of the user, to list bans by name
    PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bans_by_user ON bans (user_id, room_id);
CREATE INDEX bans_by_name ON bans (room_id, name_key);

ALTER TABLE sessions ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN last_used_at INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET last_used_at = created_at - created_at % 3600000; -- to the hour

ALTER TABLE events ADD COLUMN by_id INTEGER; -- who did it, if it was not `user_id`
ALTER TABLE events ADD COLUMN banned INTEGER NOT NULL DEFAULT 0;
-- Only the newest of these is kept, by room and user, or by message. A list of three in the condition of an index would
-- be a table that SQLite builds for each event.
DROP INDEX read_updates;
CREATE INDEX own_updates ON events (room_id, user_id, kind)
    WHERE (kind = 'read.updated' OR kind = 'settings.updated' OR kind = 'ban.updated');
CREATE INDEX message_updates ON events (room_id, seq) WHERE kind = 'message.updated';
DROP INDEX events_by_room;
CREATE INDEX events_by_room ON events (room_id, id)
    WHERE kind <> 'read.updated' AND kind <> 'settings.updated' AND kind <> 'ban.updated';
DROP INDEX events_of_rooms;
CREATE INDEX events_of_rooms ON events (id) WHERE (kind = 'room.created' OR kind = 'room.updated' OR kind = 'room.deleted');
