-- Rooms that end, bounds on how many there are, and who inherits a room.

-- A deleted room exists for nobody; its rows are purged in slices, and the row itself last.
ALTER TABLE rooms ADD COLUMN is_deleted INTEGER NOT NULL DEFAULT 0 CHECK (is_deleted IN (0, 1));
CREATE INDEX deleted_rooms ON rooms (id) WHERE is_deleted = 1;

-- For counting against the bounds.
CREATE INDEX rooms_by_creator ON rooms (created_by) WHERE kind <> 'direct' AND is_deleted = 0;

-- Owners and moderators, found without reading the ordinary members of a large room.
CREATE INDEX members_with_rights ON members (room_id, role, joined_event) WHERE role <> 'member';

-- By room first, so that those of a deleted room are found.
DROP INDEX read_updates;
CREATE INDEX read_updates ON events (room_id, user_id) WHERE kind = 'read.updated';

-- What is told of a public room as such to those outside it.
DROP INDEX events_of_rooms;
CREATE INDEX events_of_rooms ON events (id) WHERE kind IN ('room.created', 'room.updated');

-- Nobody could reach these any more.
UPDATE rooms SET is_deleted = 1
    WHERE kind = 'private' AND NOT EXISTS (SELECT 1 FROM members WHERE members.room_id = rooms.id);

-- Then `sqlite/room_keys.rs` recomputes every `rooms.name_key`.
