-- A random text of each node, by which it knows its row again. Servers of before have none.
ALTER TABLE nodes ADD COLUMN token text;
