-- `is_closed`: the part is not the newest one any more, and merging all of its trees into one has begun. After a change
-- to an old message, only the trees of such changes are merged with each other.
ALTER TABLE search_parts ADD COLUMN is_closed INTEGER NOT NULL DEFAULT 0 CHECK (is_closed IN (0, 1));
