//! The full-text index of messages: tables of FTS5. [`super::search_terms`] makes their terms; the tokenizer of FTS5 only
//! splits them at spaces.
//!
//! New messages are added in the background. A text that changes or goes is replaced in the transaction that changes
//! it: FTS5 needs the old terms to remove them.

mod parts;
mod replacing;
mod separators;

use std::time::{Duration, Instant};

use quchat_shared::{RoomId, Seq, Timestamp, UserId, text::terms};
use rusqlite::{Row, params};

use self::parts::size;
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
/// How long texts are removed in one transaction. It takes more time than adding them.
const REMOVED_FOR: Duration = Duration::from_millis(10);

/// A room with fewer messages is not worth a copy of the others …
const LARGE_ROOM: u64 = 2000;
/// … nor is one with fewer than one in this many of all messages: copying a text is that much faster than removing one.
const COPIED_FASTER: u64 = 32;
/// What a text of usual length counts for in the size of a part.
const USUAL_SIZE: u64 = 140;

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
        self.run("UPDATE search_parts SET state = 'old'", ())?;
        self.create_search_part("used", 0)?;
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

    /// Removes the texts of a deleted room from the index, some at a time. Returns whether there may be more. `messages` is
    /// how many there were; with many it is faster to replace the parts that hold them.
    pub(super) fn unindex_texts(&self, room: RoomId, messages: u64) -> Result<bool> {
        let is_any = match self.is_much_of_index(messages)? {
            true => self.remove_positions(room)?,
            false => self.remove_texts(room)?,
        };
        Ok(is_any || self.replace_search_part()?)
    }

    fn is_much_of_index(&self, messages: u64) -> Result<bool> {
        let size = "SELECT sum(size) FROM search_parts WHERE state = 'used'";
        let size = self.one(size, (), |row| optional_uint(row, 0))?.flatten().unwrap_or(0);
        Ok(messages >= LARGE_ROOM && messages.saturating_mul(COPIED_FASTER * USUAL_SIZE) >= size)
    }

    fn newest_position(&self) -> Result<u64> {
        let newest = "SELECT max(position) FROM search_positions";
        Ok(self.one(newest, (), |row| optional_uint(row, 0))?.flatten().unwrap_or(0))
    }

    /// The next positions of a room.
    fn positions_in(&self, room: RoomId, limit: u32) -> Result<Vec<(u64, Seq)>> {
        self.all(
            "SELECT position, seq FROM search_positions WHERE room_id = ? ORDER BY seq LIMIT ?",
            params![int(room.0), limit],
            |row| Ok((uint(row, 0)?, Seq(uint(row, 1)?))),
        )
    }

    /// Removes some texts of a room, and their positions. Returns whether there were any.
    fn remove_texts(&self, room: RoomId) -> Result<bool> {
        let (begun, indexed) = (Instant::now(), self.search_state()?.indexed);
        let positions = self.positions_in(room, TEXTS_AT_ONCE)?;
        for &(position, seq) in &positions {
            if position <= indexed
                && let Some(text) = self.indexed_text(room, seq)?
            {
                self.change_in_index(position, &text, None)?;
            }
            self.run("DELETE FROM search_positions WHERE position = ?", [int(position)])?;
            if begun.elapsed() >= REMOVED_FOR {
                break;
            }
        }
        Ok(!positions.is_empty())
    }

    /// Replaces the text of a message in the index; an empty one removes it. Called before the message changes.
    pub(super) fn replace_indexed_text(&self, room: RoomId, seq: Seq, text: &str) -> Result<()> {
        let position = "SELECT position FROM search_positions WHERE room_id = ? AND seq = ?";
        let position = self.one(position, [int(room.0), int(seq.0)], |row| uint(row, 0))?;
        let indexed = self.search_state()?.indexed;
        let Some(position) = position.filter(|&position| position <= indexed) else { return Ok(()) };
        let Some(old) = self.indexed_text(room, seq)? else { return Ok(()) };
        let new = (!text.is_empty()).then(|| IndexedText { text: text.to_owned(), ..old });
        self.change_in_index(position, &old, new.as_ref())
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

    /// Some texts after `after`, up to `through`. Also those of deleted rooms: until its position is removed, a text up to
    /// `indexed` is in the index.
    fn texts_between(&self, after: u64, through: u64) -> Result<Vec<(u64, IndexedText)>> {
        self.all(
            "SELECT position, room_id, kind, sender_id, text FROM search_positions
             CROSS JOIN rooms ON rooms.id = room_id CROSS JOIN messages USING (room_id, seq)
             WHERE position > ? AND position <= ? AND deleted_at IS NULL ORDER BY position LIMIT ?",
            params![int(after), int(through), TEXTS_AT_ONCE],
            |row| Ok((uint(row, 0)?, indexed_text(row, RoomId(uint(row, 1)?), 2)?)),
        )
    }

    /// Up to `limit` messages of a part, the newest first.
    fn found_in(
        &self,
        part: u64,
        expression: &str,
        after: Position,
        before: Position,
        limit: u32,
    ) -> Result<Vec<(Position, RoomId, Seq)>> {
        self.all(
            &format!(
                "SELECT position, room_id, seq FROM search_{part} AS part CROSS JOIN search_positions ON position = part.rowid
                 WHERE part.terms MATCH ? AND part.rowid > ? AND part.rowid < ? ORDER BY part.rowid DESC LIMIT ?"
            ),
            params![expression, int(after.0), int(before.0), limit],
            |row| Ok((Position(uint(row, 0)?), RoomId(uint(row, 1)?), Seq(uint(row, 2)?))),
        )
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
        let newest = self.newest_position()?;
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
        let (expression, mut found) = (expression(wanted, &deleted), Vec::new());
        let mut end = u64::MAX;
        for part in self.search_parts()? {
            let is_between = part.first < before.0 && end > after.0;
            let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            if is_between && left > 0 {
                found.extend(self.found_in(part.id, &expression, after, before, left)?);
            }
            end = part.first;
        }
        Ok(found)
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
        // The last positions may be those of a room that was removed.
        let newest = self.newest_position()?.max(indexed).max(needed);
        let texts = self.texts_between(indexed, newest)?;
        let part = self.search_part_of(u64::MAX)?;
        let part = if part.is_large() { self.create_search_part("used", indexed + 1)? } else { part.id };
        let (mut bytes, mut grown, mut done) = (0, 0, indexed);
        for (position, text) in &texts {
            self.add_to_search_part(part, *position, text)?;
            (bytes, grown, done) = (bytes + text.text.len(), grown + size(text), *position);
            if bytes >= BYTES_AT_ONCE {
                break;
            }
        }
        let is_last = texts.last().is_none_or(|(last, _)| *last == done);
        if is_last && texts.len() < TEXTS_AT_ONCE as usize {
            done = newest; // beyond are only messages without a text
        }
        if done > indexed {
            self.grow_search_part(part, grown)?;
            self.merge_closed_part()?;
            self.run("UPDATE search_state SET indexed = ?", [int(done)])?;
        }
        Ok(Indexed { is_complete: done == newest && through == self.head, head: self.head })
    }

    fn tidy_index(&mut self) -> Result<bool> {
        self.merge_search_part()
    }
}

#[cfg(test)]
mod tests;
