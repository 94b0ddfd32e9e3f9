//! Recomputes the keys of all room names, and renames rooms whose keys are then equal.

use quchat_shared::{RoomId, limits::room_key};
use rusqlite::{Connection, params};

use super::columns::{int, text, uint};
use crate::store::naming::{Named, renamed};

/// Runs within the transaction of a migration. A replay shows the new names like any other change of a room.
pub(super) fn recompute(connection: &Connection) -> rusqlite::Result<()> {
    let rooms = rooms(connection)?;
    for (id, name) in renamed(&rooms) {
        rename(connection, id, &name)?;
    }
    let mut stale = connection.prepare("SELECT id, name, name_key FROM rooms")?;
    let stale = stale.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let stale = stale.collect::<rusqlite::Result<Vec<(i64, String, String)>>>()?;
    let stale = stale.into_iter().map(|(id, name, key)| (id, room_key(&name), key));
    let stale = stale.filter(|(_, new, old)| new != old).collect::<Vec<_>>();
    // First gives these rooms temporary keys, because one may get the key that another still has.
    let mut set = connection.prepare("UPDATE rooms SET name_key = ? WHERE id = ?")?;
    for (id, ..) in &stale {
        set.execute(params![format!("\n{id}"), id])?;
    }
    for (id, key, _) in &stale {
        set.execute(params![key, id])?;
    }
    Ok(())
}

fn rooms(connection: &Connection) -> rusqlite::Result<Vec<Named>> {
    let mut rooms = connection.prepare("SELECT id, kind, name FROM rooms WHERE is_deleted = 0 ORDER BY id")?;
    let named =
        |row: &rusqlite::Row<'_>| Ok(Named { id: RoomId(uint(row, 0)?), kind: text(row, 1)?, name: row.get(2)? });
    rooms.query_map((), named)?.collect()
}

fn rename(connection: &Connection, id: RoomId, name: &str) -> rusqlite::Result<()> {
    connection.execute("UPDATE rooms SET name = ?, rev = rev + 1 WHERE id = ?", params![name, int(id.0)])?;
    connection.execute(
        "INSERT INTO events (id, kind, room_id, at)
         SELECT max(through, coalesce((SELECT max(id) FROM events), 0)) + 1, 'room.updated', ?,
             CAST(unixepoch('subsec') * 1000 AS INTEGER)
         FROM pruned",
        [int(id.0)],
    )?;
    Ok(())
}
