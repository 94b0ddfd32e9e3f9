//! The bare engine: the server's own tables, WAL, a full sync at each commit, two inserts a message.

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::super::{Result, cpu, keeper::Throwaway};

/// The tables as the server makes them.
const TABLES: &str = include_str!("../../../../../../server/src/store/migrations/0001_talk.sql");

/// How long it takes to insert so many messages, `group` to a commit, and how much CPU.
pub(in super::super) fn insert(messages: u64, group: u64) -> Result<(Duration, Duration)> {
    let dir = Throwaway::new()?;
    let connection = Connection::open(dir.path().join("floor.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(TABLES)?;
    connection.execute_batch(
        "INSERT INTO users (id, name, name_key, password_hash, role, created_at) VALUES (1, 'a', 'a', '', 'admin', 0);
         INSERT INTO rooms (id, name, name_key, topic, kind, created_by, created_at)
             VALUES (1, 'hall', 'hall', '', 'public', 1, 0);",
    )?;
    let mut message = connection
        .prepare("INSERT INTO messages (room_id, seq, sender_id, text, sent_at, txn) VALUES (1, ?, 1, ?, 0, ?)")?;
    let mut event =
        connection.prepare("INSERT INTO events (id, kind, room_id, seq, at) VALUES (?, 'message.created', 1, ?, 0)")?;
    let text = "so far it looks good, the rest of the report comes after lunch";
    let (cpu, begin) = (cpu::own(), Instant::now());
    for seq in 1..=messages {
        if (seq - 1) % group == 0 {
            connection.execute_batch("BEGIN IMMEDIATE")?;
        }
        let seq = i64::try_from(seq)?;
        message.execute(params![seq, text, format!("{seq:010}-0-0")])?;
        event.execute(params![seq, seq])?;
        if seq.unsigned_abs() % group == 0 || seq.unsigned_abs() == messages {
            connection.execute_batch("COMMIT")?;
        }
    }
    Ok((begin.elapsed(), cpu::own().saturating_sub(cpu)))
}
