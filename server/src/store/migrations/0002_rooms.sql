-- Deleted rooms, limits on the number of rooms, and new owners of rooms.

-- A deleted room is invisible to everyone. Its rows are purged in small transactions, the room's own row last.
ALTER TABLE rooms ADD COLUMN is_deleted INTEGER NOT NULL DEFAULT 0 CHECK (is_deleted IN (0, 1));
CREATE INDEX deleted_rooms ON rooms (id) WHERE is_deleted = 1;

-- For counting rooms against the limits.
CREATE INDEX rooms_by_creator ON rooms (created_by) WHERE kind <> 'direct' AND is_deleted = 0;

-- Finds owners and moderators without reading the ordinary members of a large room.
CREATE INDEX members_with_rights ON members (room_id, role, joined_event) WHERE role <> 'member';

-- By room first, so that the rows of a deleted room are found.
DROP INDEX read_updates;
CREATE INDEX read_updates ON events (room_id, user_id) WHERE kind = 'read.updated';

-- Events about public rooms that users who are not members see, too.
DROP INDEX events_of_rooms;
CREATE INDEX events_of_rooms ON events (id) WHERE kind IN ('room.created', 'room.updated');

-- Private rooms without members cannot be reached any more.
UPDATE rooms SET is_deleted = 1
    WHERE kind = 'private' AND NOT EXISTS (SELECT 1 FROM members WHERE members.room_id = rooms.id);

-- Afterwards `sqlite/room_keys.rs` recomputes every `rooms.name_key`.
