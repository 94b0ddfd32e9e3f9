//! The full-text index of messages, an FTS5 table without a copy of the texts. [`super::search_terms`] makes its terms;
//! the tokenizer of FTS5 only splits them at spaces.
//!
//! New messages are added in the background. A text that changes or goes is replaced in the transaction that changes
//! it: FTS5 needs the old terms to remove them.

use quchat_shared::{RoomId, Seq, Timestamp, UserId, text::terms};
use rusqlite::{Row, params};

use super::{
    Sqlite,
    columns::{int, optional_uint, text, time, uint},
    search_terms::{IndexedText, expression},
};
use crate::store::{Error, Indexed, Position, Public, ReadSearch, Result, Unindexed, Wanted, WriteSearch};

/// Most messages that get their position in one transaction.
const POSITIONS_AT_ONCE: u64 = 2000;
/// Most messages whose texts are indexed in one transaction …
const TEXTS_AT_ONCE: u32 = 200;
/// … unless there are many bytes in them: some 10 ms of work.
const BYTES_AT_ONCE: usize = 32 * 1024;
/// Most bytes of text that are removed in one transaction: it takes more time than adding them.
const BYTES_REMOVED_AT_ONCE: usize = 2 * 1024;
/// Most bytes of text that are hidden in one transaction. FTS5 merges trees meanwhile, which takes longer.
const BYTES_HIDDEN_AT_ONCE: usize = 8 * 1024;
/// Pages of the index that are written anew in one transaction.
const PAGES_AT_ONCE: i64 = 16;

struct State {
    events: u64,
    indexed: u64,
    needed: u64,
}

impl Sqlite {
    /// Begins the index anew if its terms were made by other rules.
    pub(super) fn check_search_rules(&self) -> Result<()> {
        if self.has_current_search_rules()? {
            return Ok(());
        }
        let rules = terms::version();
        self.run("BEGIN IMMEDIATE", ())?;
        self.run("INSERT INTO search (search) VALUES ('delete-all')", ())?;
        self.run(
            "UPDATE search_state SET rules = ?, indexed = 0,
                 needed = coalesce((SELECT max(position) FROM search_positions), 0)",
            [&rules],
        )?;
        self.run("COMMIT", ()).map(drop)
    }

    /// Whether the index follows the rules of this program.
    pub(super) fn has_current_search_rules(&self) -> Result<bool> {
        self.exists("SELECT 1 FROM search_state WHERE rules = ?", [&terms::version()])
    }

    /// Gives positions to messages that the log holds up to this event.
    pub(super) fn add_search_positions(&self, through: u64) -> Result<()> {
        self.run(
            "INSERT INTO search_positions (room_id, seq)
             SELECT room_id, seq FROM events CROSS JOIN rooms ON rooms.id = room_id
             WHERE events.id > (SELECT events FROM search_state) AND events.id <= ?1
                 AND events.kind = 'message.created' AND is_deleted = 0
             ORDER BY events.id",
            [int(through)],
        )?;
        self.run("UPDATE search_state SET events = ?1 WHERE events < ?1", [int(through)]).map(drop)
    }

    /// Removes some texts of a room from the index, and their positions. Returns whether there may be more.
    pub(super) fn unindex_texts(&self, room: RoomId) -> Result<bool> {
        let positions = self.positions_in(room)?;
        self.remove_texts(room, &positions, BYTES_REMOVED_AT_ONCE)?;
        Ok(!positions.is_empty())
    }

    /// Like [`Sqlite::unindex_texts`], many times as fast: markers hide the texts until the index is written anew.
    pub(super) fn hide_texts(&self, room: RoomId) -> Result<bool> {
        let positions = self.positions_in(room)?;
        if positions.is_empty() {
            return Ok(false);
        }
        self.write_to_index()?; // what others remove in this transaction, without markers
        self.set_secure_delete(false)?;
        self.remove_texts(room, &positions, BYTES_HIDDEN_AT_ONCE)?;
        self.write_to_index()?;
        self.set_secure_delete(true)?;
        self.run("UPDATE search_state SET hidden = 1", ())?;
        Ok(true)
    }

    /// The next positions of a room.
    fn positions_in(&self, room: RoomId) -> Result<Vec<(u64, Seq)>> {
        self.all(
            "SELECT position, seq FROM search_positions WHERE room_id = ? ORDER BY seq LIMIT ?",
            params![int(room.0), TEXTS_AT_ONCE],
            |row| Ok((uint(row, 0)?, Seq(uint(row, 1)?))),
        )
    }

    /// Removes texts until they have this many bytes.
    fn remove_texts(&self, room: RoomId, positions: &[(u64, Seq)], bytes_at_once: usize) -> Result<()> {
        let indexed = self.search_state()?.indexed;
        let mut bytes = 0;
        for &(position, seq) in positions {
            if position <= indexed
                && let Some(text) = self.indexed_text(room, seq)?
            {
                bytes += text.text.len();
                self.remove(position, &text)?;
            }
            self.run("DELETE FROM search_positions WHERE position = ?", [int(position)])?;
            if bytes >= bytes_at_once {
                break;
            }
        }
        Ok(())
    }

    /// Replaces the text of a message in the index; an empty one removes it. Called before the message changes.
    pub(super) fn replace_indexed_text(&self, room: RoomId, seq: Seq, text: &str) -> Result<()> {
        let position = "SELECT position FROM search_positions WHERE room_id = ? AND seq = ?";
        let position = self.one(position, [int(room.0), int(seq.0)], |row| uint(row, 0))?;
        let indexed = self.search_state()?.indexed;
        let Some(position) = position.filter(|&position| position <= indexed) else { return Ok(()) };
        if let Some(mut old) = self.indexed_text(room, seq)? {
            self.remove(position, &old)?;
            if !text.is_empty() {
                text.clone_into(&mut old.text);
                self.add(position, &old)?;
            }
        }
        Ok(())
    }

    fn search_state(&self) -> Result<State> {
        let state = self.one("SELECT events, indexed, needed FROM search_state", (), |row| {
            Ok(State { events: uint(row, 0)?, indexed: uint(row, 1)?, needed: uint(row, 2)? })
        })?;
        state.ok_or(Error::BrokenRow("search_state is empty"))
    }

    /// A message as the index has it; `None` if its text is gone.
    fn indexed_text(&self, room: RoomId, seq: Seq) -> Result<Option<IndexedText>> {
        self.one(
            "SELECT kind, sender_id, text FROM messages JOIN rooms ON rooms.id = room_id
             WHERE room_id = ? AND seq = ? AND deleted_at IS NULL",
            [int(room.0), int(seq.0)],
            |row| indexed_text(row, room, 0),
        )
    }

    fn add(&self, position: u64, text: &IndexedText) -> Result<()> {
        let insert = "INSERT INTO search (rowid, terms) VALUES (?, ?)";
        self.run(insert, params![int(position), text.terms()]).map(drop)
    }

    fn remove(&self, position: u64, text: &IndexedText) -> Result<()> {
        let delete = "INSERT INTO search (search, rowid, terms) VALUES ('delete', ?, ?)";
        self.run(delete, params![int(position), text.terms()]).map(drop)
    }

    /// Writes to the index what this transaction has changed so far; otherwise that happens when it is committed.
    fn write_to_index(&self) -> Result<()> {
        self.run("INSERT INTO search (search) VALUES ('flush')", ()).map(drop)
    }

    fn set_secure_delete(&self, is_on: bool) -> Result<()> {
        self.run("INSERT INTO search (search, rank) VALUES ('secure-delete', ?)", [is_on]).map(drop)
    }

    /// Merges trees of the index, and writes about this many pages. Returns whether there was anything to do.
    fn merge(&self, pages: i64) -> Result<bool> {
        let before = self.connection.total_changes();
        self.run("INSERT INTO search (search, rank) VALUES ('merge', ?)", [pages])?;
        Ok(self.connection.total_changes() - before > 1) // as FTS5 documents it
    }

    /// Public rooms of which some messages are left, although nobody can see them any more.
    fn deleted_public_rooms(&self) -> Result<Vec<RoomId>> {
        let deleted = "SELECT id FROM rooms WHERE is_deleted = 1 AND kind = 'public'";
        self.all(deleted, (), |row| uint(row, 0).map(RoomId))
    }
}

/// Reads kind, sender and text.
fn indexed_text(row: &Row<'_>, room: RoomId, first: usize) -> rusqlite::Result<IndexedText> {
    let (kind, sender) = (text(row, first)?, UserId(uint(row, first + 1)?));
    Ok(IndexedText { room, kind, sender, text: row.get(first + 2)? })
}

impl ReadSearch for Sqlite {
    fn unindexed(&self) -> Result<Option<Unindexed>> {
        let State { indexed, needed, .. } = self.search_state()?;
        Ok((indexed < needed).then_some(Unindexed { done: indexed, of: needed }))
    }

    fn position_before(&self, then: Timestamp) -> Result<Position> {
        let newest = "SELECT max(position) FROM search_positions";
        let newest = self.one(newest, (), |row| optional_uint(row, 0))?.flatten().unwrap_or(0);
        let (mut low, mut high) = (0, newest + 1); // `low` was sent before then, `high` was not
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let next = self.one(
                "SELECT position, sent_at FROM search_positions JOIN messages USING (room_id, seq)
                 WHERE position >= ? ORDER BY position LIMIT 1",
                [int(middle)],
                |row| Ok((uint(row, 0)?, time(row, 1)?)),
            )?;
            match next {
                Some((position, at)) if at < then && position < high => low = position,
                _ => high = middle,
            }
        }
        Ok(Position(low))
    }

    fn found(
        &self,
        wanted: &Wanted<'_>,
        after: Position,
        before: Position,
        limit: u32,
    ) -> Result<Vec<(Position, RoomId, Seq)>> {
        let deleted = match wanted.public {
            Public::None if wanted.rooms.is_empty() => return Ok(Vec::new()),
            Public::None | Public::One(_) => Vec::new(),
            Public::AllBut(_) => self.deleted_public_rooms()?,
        };
        self.all(
            "SELECT position, room_id, seq FROM search CROSS JOIN search_positions ON position = search.rowid
             WHERE search MATCH ? AND search.rowid > ? AND search.rowid < ? ORDER BY search.rowid DESC LIMIT ?",
            params![expression(wanted, &deleted), int(after.0), int(before.0), limit],
            |row| Ok((Position(uint(row, 0)?), RoomId(uint(row, 1)?), Seq(uint(row, 2)?))),
        )
    }

    fn private_rooms_of(&self, user: UserId) -> Result<Vec<RoomId>> {
        self.all(
            "SELECT room_id FROM members CROSS JOIN rooms ON rooms.id = room_id
             WHERE user_id = ? AND kind <> 'public' AND is_deleted = 0",
            [int(user.0)],
            |row| uint(row, 0).map(RoomId),
        )
    }

    fn rooms_banning(&self, user: UserId) -> Result<Vec<RoomId>> {
        self.all("SELECT room_id FROM bans WHERE user_id = ?", [int(user.0)], |row| uint(row, 0).map(RoomId))
    }
}

impl WriteSearch for Sqlite {
    fn index_messages(&mut self) -> Result<Indexed> {
        let State { events, indexed, needed } = self.search_state()?;
        let through = self.head.min(events.saturating_add(POSITIONS_AT_ONCE));
        if through > events {
            self.add_search_positions(through)?;
        }
        let newest = "SELECT max(position) FROM search_positions";
        let newest = self.one(newest, (), |row| optional_uint(row, 0))?.flatten().unwrap_or(0);
        let newest = newest.max(indexed).max(needed); // the last positions may be those of a room that was removed
        // Also those of deleted rooms: the removal of a room takes every text up to `indexed` out of the index.
        let texts = self.all(
            "SELECT position, room_id, kind, sender_id, text FROM search_positions
             CROSS JOIN rooms ON rooms.id = room_id CROSS JOIN messages USING (room_id, seq)
             WHERE position > ? AND deleted_at IS NULL ORDER BY position LIMIT ?",
            params![int(indexed), TEXTS_AT_ONCE],
            |row| Ok((uint(row, 0)?, indexed_text(row, RoomId(uint(row, 1)?), 2)?)),
        )?;
        let (mut bytes, mut done) = (0, indexed);
        for (position, text) in &texts {
            bytes += text.text.len();
            self.add(*position, text)?;
            done = *position;
            if bytes >= BYTES_AT_ONCE {
                break;
            }
        }
        let is_last = texts.last().is_none_or(|(last, _)| *last == done);
        if is_last && texts.len() < TEXTS_AT_ONCE as usize {
            done = newest; // beyond are only messages without a text
        }
        if done > indexed {
            self.run("UPDATE search_state SET indexed = ?", [int(done)])?;
        }
        Ok(Indexed { is_complete: done == newest && through == self.head, head: self.head })
    }
    fn tidy_index(&mut self) -> Result<bool> {
        let hidden = self.one("SELECT hidden FROM search_state", (), |row| uint(row, 0))?.unwrap_or(0);
        if hidden > 0 {
            self.note_removal()?;
        }
        // A negative number of pages begins to merge all trees. If each step did that, those of new messages could keep it
        // from ever coming to an end.
        let is_merging = self.merge(if hidden == 1 { -PAGES_AT_ONCE } else { PAGES_AT_ONCE })?;
        if hidden > 0 {
            self.run("UPDATE search_state SET hidden = ?", [if is_merging { 2 } else { 0 }])?;
        }
        Ok(is_merging)
    }
}

#[cfg(test)]
mod tests;
