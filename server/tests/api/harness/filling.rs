//! Fills a room where sending so many messages would take too long.

use quchat_shared::RoomId;
use rusqlite::Connection as Database;

use super::Client;

/// Adds messages to an empty room, and their events. The server does not know of them until it is started again.
pub(crate) fn fill_room(database: &Database, room: RoomId, sender: &Client, messages: u64) {
    let numbers = "WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < ?3)";
    let message = "INSERT INTO messages (room_id, seq, sender_id, text, sent_at, txn)
        SELECT ?1, seq, ?2, 'needle ' || seq, 0, 'fill-' || seq FROM n";
    let event = "INSERT INTO events (id, kind, room_id, seq, at) SELECT ?2 + seq, 'message.created', ?1, seq, 0 FROM n";
    let (room, sender, messages) = (room.0 as i64, sender.user().id.0 as i64, messages as i64);
    database.execute_batch("BEGIN").unwrap();
    database.execute(&format!("{numbers} {message}"), [room, sender, messages]).unwrap();
    let head = database.query_row("SELECT max(id) FROM events", (), |row| row.get(0)).unwrap();
    database.execute(&format!("{numbers} {event}"), [room, head, messages]).unwrap();
    database.execute("UPDATE rooms SET last_seq = ? WHERE id = ?", [messages, room]).unwrap();
    database.execute_batch("COMMIT").unwrap();
}
