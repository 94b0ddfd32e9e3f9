//! Replaces parts of the index that hold texts of deleted rooms: the other texts are copied to a new part, some at a
//! time. For a large room that is many times as fast as removing each of its words.

use std::collections::BTreeSet;

use quchat_shared::RoomId;
use rusqlite::params;

use super::{
    super::{
        Sqlite,
        columns::{int, optional_uint, uint},
    },
    BYTES_AT_ONCE, TEXTS_AT_ONCE,
    parts::{Part, size},
};
use crate::store::Result;

/// Positions of a deleted room that are removed in one transaction.
const POSITIONS_AT_ONCE: u32 = 1000;

impl Sqlite {
    /// Removes some positions of a deleted room, and notes that parts of the index hold its texts. Returns whether there
    /// were any.
    pub(super) fn remove_positions(&self, room: RoomId) -> Result<bool> {
        let positions = self.positions_in(room, POSITIONS_AT_ONCE)?;
        let Some(&(_, last)) = positions.last() else { return Ok(false) };
        let (indexed, parts) = (self.search_state()?.indexed, self.search_parts()?);
        let part_of = |position| parts.iter().find(|part| part.first <= position).map(|part| part.id);
        let indexed = positions.iter().map(|(position, _)| *position).filter(|position| *position <= indexed);
        for id in indexed.filter_map(part_of).collect::<BTreeSet<_>>() {
            self.run("UPDATE search_parts SET is_due = 1 WHERE id = ?", [int(id)])?;
        }
        let delete = "DELETE FROM search_positions WHERE room_id = ? AND seq <= ?";
        self.run(delete, params![int(room.0), int(last.0)])?;
        Ok(true)
    }

    /// Copies some texts to the successor of a part that is due. Returns whether there was one.
    pub(super) fn replace_search_part(&self) -> Result<bool> {
        let next = "SELECT first FROM search_parts WHERE state = 'used' AND (is_due = 1 OR successor IS NOT NULL)
            ORDER BY successor IS NULL, first LIMIT 1";
        let Some(first) = self.one(next, (), |row| uint(row, 0))? else { return Ok(false) };
        let part = self.search_part_of(first)?;
        let (successor, copied) = match part.successor {
            Some(successor) => successor,
            None => self.begin_successor(&part)?,
        };
        let after = "SELECT min(first) FROM search_parts WHERE state = 'used' AND first > ?";
        let after = self.one(after, [int(part.first)], |row| optional_uint(row, 0))?.flatten();
        let last = after.map_or(self.search_state()?.indexed, |after| after.saturating_sub(1));
        let texts = self.texts_between(copied, last)?;
        let (mut bytes, mut grown, mut done) = (0, 0, last);
        for (position, text) in &texts {
            self.add_to_search_part(successor, *position, text)?;
            (bytes, grown, done) = (bytes + text.text.len(), grown + size(text), *position);
            if bytes >= BYTES_AT_ONCE {
                break;
            }
        }
        self.grow_search_part(successor, grown)?;
        let is_last = texts.last().is_none_or(|(last, _)| *last == done);
        if is_last && texts.len() < TEXTS_AT_ONCE as usize {
            self.end_replacement(&part, successor, after.is_none())?;
        } else {
            self.run("UPDATE search_parts SET copied = ? WHERE id = ?", [int(done), int(part.id)])?;
        }
        Ok(true)
    }

    /// Creates the part that will replace another. Rooms that are deleted from here on make another replacement due.
    fn begin_successor(&self, part: &Part) -> Result<(u64, u64)> {
        let (successor, copied) = (self.create_search_part("new", part.first)?, part.first.saturating_sub(1));
        self.run(
            "UPDATE search_parts SET is_due = 0, successor = ?, copied = ? WHERE id = ?",
            [int(successor), int(copied), int(part.id)],
        )?;
        Ok((successor, copied))
    }

    /// Replaces a part by its successor. One that is empty and not the newest goes, too: the next part takes its range.
    fn end_replacement(&self, part: &Part, successor: u64, is_newest: bool) -> Result<()> {
        self.run(
            "UPDATE search_parts SET state = 'used', first = old.first, is_due = old.is_due
             FROM search_parts AS old WHERE search_parts.id = ?1 AND old.id = ?2",
            [int(successor), int(part.id)],
        )?;
        self.run("UPDATE search_parts SET state = 'old', successor = NULL WHERE id = ?", [int(part.id)])?;
        let empty = "SELECT 1 FROM search_parts WHERE id = ? AND size = 0 AND is_due = 0";
        if !is_newest && self.exists(empty, [int(successor)])? {
            self.run("UPDATE search_parts SET state = 'old' WHERE id = ?", [int(successor)])?;
            self.run(
                "UPDATE search_parts SET first = ?1 WHERE state = 'used' AND first =
                     (SELECT min(first) FROM search_parts WHERE state = 'used' AND first > ?1)",
                [int(part.first)],
            )?;
        }
        Ok(())
    }
}
