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
    uses_left  INTEGER NOT NULL CHECK (uses_left > 0)
) STRICT;
CREATE INDEX invites_by_room ON invites (room_id) WHERE room_id IS NOT NULL;
CREATE INDEX invites_by_creator ON invites (created_by);
CREATE INDEX invites_by_expiry ON invites (expires_at);
