-- 1 while the search index has texts that are only hidden, 2 while it is written anew without them, else 0.
ALTER TABLE search_state ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
