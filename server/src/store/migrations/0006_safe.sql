-- Suspended users, and invites.

ALTER TABLE users ADD COLUMN is_suspended INTEGER NOT NULL DEFAULT 0 CHECK (is_suspended IN (0, 1));
-- For finding out whether there is another admin.
CREATE INDEX admins ON users (id) WHERE role = 'admin';

-- An invite is deleted when it is used up.
CREATE TABLE invites (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    code_hash  BLOB NOT NULL UNIQUE, -- SHA-256
    role       TEXT NOT NULL CHECK (role IN ('member', 'admin')), -- of those who register with it
    room_id    INTEGER REFERENCES rooms,
    created_by INTEGER REFERENCES users, -- null: the operator of the server
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    uses       INTEGER NOT NULL,
    uses_left  INTEGER NOT NULL CHECK (uses_left > 0),
    is_of_start INTEGER NOT NULL DEFAULT 0 CHECK (is_of_start IN (0, 1)) -- made at a start, for the first admin
) STRICT;
CREATE INDEX invites_by_room ON invites (room_id) WHERE room_id IS NOT NULL;
CREATE INDEX invites_by_creator ON invites (created_by);
CREATE INDEX invites_by_expiry ON invites (expires_at);

-- The operator of the server bans users, too, and is no user.
CREATE TABLE bans_by_anyone (
    room_id    INTEGER NOT NULL REFERENCES rooms ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users,
    by_id      INTEGER REFERENCES users, -- null: the operator of the server
    reason     TEXT,
    created_at INTEGER NOT NULL,
    name_key   TEXT NOT NULL, -- of the user, to list bans by name
    PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO bans_by_anyone SELECT room_id, user_id, by_id, reason, created_at, name_key FROM bans;
DROP TABLE bans;
ALTER TABLE bans_by_anyone RENAME TO bans;
CREATE INDEX bans_by_user ON bans (user_id, room_id);
CREATE INDEX bans_by_name ON bans (room_id, name_key);
