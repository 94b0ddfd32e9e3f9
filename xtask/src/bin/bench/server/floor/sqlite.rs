//! SQLite alone, with the server's tables: WAL, a full sync at each commit, two inserts per message.

use std::{
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};

use super::super::{Result, cpu};
use crate::launch::temp_dir;

const TABLES: &str = include_str!("../../../../../../server/src/store/migrations/0001_talk.sql");

/// What the inserts took.
pub(in super::super) struct Inserted {
    pub(in super::super) took: Duration,
    pub(in super::super) cpu: Duration,
    /// The duration of each transaction.
    pub(in super::super) commits: Vec<Duration>,
}

/// Inserts messages, `group` per commit. Commits are `every` apart, or follow each other at once.
pub(in super::super) fn insert(messages: u64, group: u64, every: Option<Duration>) -> Result<Inserted> {
    let dir = temp_dir()?;
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
    let (cpu, begin, mut commits) = (cpu::own(), Instant::now(), Vec::new());
    for first in (1..=messages).step_by(usize::try_from(group)?) {
        if let Some(every) = every {
            thread::sleep((every * u32::try_from(commits.len())?).saturating_sub(begin.elapsed()));
        }
        let begun = Instant::now();
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for seq in first..(first + group).min(messages + 1) {
            let seq = i64::try_from(seq)?;
            message.execute(params![seq, text, format!("{seq:010}-0-0")])?;
            event.execute(params![seq, seq])?;
        }
        connection.execute_batch("COMMIT")?;
        commits.push(begun.elapsed());
    }
    Ok(Inserted { took: begin.elapsed(), cpu: cpu::own().saturating_sub(cpu), commits })
}
