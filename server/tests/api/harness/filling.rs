//! Fills a room where sending so many messages would take too long.

use quchat_shared::RoomId;

use super::{Client, Database};

/// Adds messages to an empty room, and their events. The server does not know of them until it is started again.
pub(crate) fn fill_room(database: &Database, room: RoomId, sender: &Client, messages: u64) {
    let sender = sender.user().id;
    let numbers =
        format!("WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < {messages})");
    let head = database.number("SELECT max(id) FROM events");
    database.change(&format!(
        "{numbers} INSERT INTO messages (room_id, seq, sender_id, text, sent_at, txn)
            SELECT {room}, seq, {sender}, 'needle ' || seq, 0, 'fill-' || seq FROM n;
        {numbers} INSERT INTO events (id, kind, room_id, seq, at)
            SELECT {head} + seq, 'message.created', {room}, seq, 0 FROM n;
        UPDATE rooms SET last_seq = {messages} WHERE id = {room}"
    ));
}
