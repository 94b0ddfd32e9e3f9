//! The parts of the full-text index: contentless tables of FTS5, each for a range of positions.
//!
//! FTS5 handles the whole list of a word in one step when it merges its trees, and messages wait for that. So a list may
//! not grow without bound. A part that is large is closed, and the next messages go to a new one.

use rusqlite::{Row, params};

use super::super::{
    Sqlite,
    columns::{int, optional_uint, uint},
    search_terms::IndexedText,
};
use crate::store::{Error, Result};

/// A part of this size is closed: some 240,000 messages of usual length. Merging a list of that many takes some 30 ms. With
/// more, smaller parts, a search for a rare word would take longer. Small in tests, so that there are several parts.
const LARGE: u64 = if cfg!(test) { 1000 } else { 32 * 1024 * 1024 };
/// The lengths of the beginnings of terms that have lists of their own, in characters.
pub(super) const BEGINNINGS: [usize; 4] = [6, 7, 8, 9];
/// What a text counts for, besides its bytes.
const PER_TEXT: usize = 64;
/// Pages that are merged in one transaction.
const PAGES_AT_ONCE: i64 = 16;
/// Pages that are merged along with a batch of new texts: more than it takes on average to keep up.
const PAGES_PER_BATCH: i64 = 64;
/// From how many trees of one size on they are merged: while texts are added, and when there is time.
const TREES: (u32, u32) = (4, 2);
/// Rows of a part that are removed in one transaction. Most are a page.
const ROWS_AT_ONCE: u32 = 100;

/// A part that is searched.
pub(super) struct Part {
    pub(super) id: u64,
    /// The first position in it.
    pub(super) first: u64,
    /// The part that will replace it, and the last position that is in there already.
    pub(super) successor: Option<(u64, u64)>,
    size: u64,
}

impl Part {
    /// Reads id, first position, successor, last position in the successor, and size.
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (id, first, size) = (uint(row, 0)?, uint(row, 1)?, uint(row, 4)?);
        let copied = uint(row, 3)?;
        Ok(Self { id, first, successor: optional_uint(row, 2)?.map(|successor| (successor, copied)), size })
    }

    pub(super) fn is_large(&self) -> bool {
        self.size >= LARGE
    }

    /// The tables that hold the text at this position.
    fn tables_with(&self, position: u64) -> impl Iterator<Item = u64> + use<> {
        let successor = self.successor.filter(|(_, copied)| position <= *copied);
        [self.id].into_iter().chain(successor.map(|(id, _)| id))
    }
}

/// How many bytes a text counts for.
pub(super) fn size(text: &IndexedText) -> u64 {
    (text.text.len() + PER_TEXT) as u64
}

impl Sqlite {
    /// The parts that are searched, the newest first.
    pub(super) fn search_parts(&self) -> Result<Vec<Part>> {
        let parts =
            "SELECT id, first, successor, copied, size FROM search_parts WHERE state = 'used' ORDER BY first DESC";
        self.all(parts, (), Part::read)
    }

    /// The part that has this position, or will have it.
    pub(super) fn search_part_of(&self, position: u64) -> Result<Part> {
        let part = "SELECT id, first, successor, copied, size FROM search_parts
            WHERE state = 'used' AND first <= ? ORDER BY first DESC LIMIT 1";
        self.one(part, [int(position)], Part::read)?.ok_or(Error::BrokenRow("a part of the search index is missing"))
    }

    /// Creates the table of a part.
    pub(super) fn create_search_part(&self, state: &str, first: u64) -> Result<u64> {
        self.run("INSERT INTO search_parts (state, first) VALUES (?, ?)", params![state, int(first)])?;
        let id = self.connection.last_insert_rowid().cast_unsigned();
        let beginnings = BEGINNINGS.map(|length| length.to_string()).join(" ");
        // Removing a text removes its words from the pages (`secure-delete`); a marker, as `contentless_delete` leaves it,
        // would keep them. Three characters before each word say who can read it, so the beginnings of words that have
        // a list of their own are 3 to 6 characters long.
        self.run(
            &format!(
                "CREATE VIRTUAL TABLE search_{id} USING fts5 (
                     terms, content = '', columnsize = 0, tokenize = 'ascii', prefix = '{beginnings}'
                 )"
            ),
            (),
        )?;
        self.set_up_search_part(id, "secure-delete", 1)?;
        self.set_up_search_part(id, "automerge", 0)?; // FTS5 would merge rarely, and hundreds of pages at once
        self.set_up_search_part(id, "usermerge", TREES.0)?;
        Ok(id)
    }

    fn set_up_search_part(&self, id: u64, setting: &str, value: u32) -> Result<()> {
        let set = format!("INSERT INTO search_{id} (search_{id}, rank) VALUES (?, ?)");
        self.run(&set, params![setting, value]).map(drop)
    }

    /// Writes to a part what this transaction has added, and merges about `pages` pages of trees of one size. With a
    /// negative number, it begins to merge all trees into one. Returns whether there was anything to do.
    fn merge(&self, id: u64, pages: i64) -> Result<bool> {
        let before = self.connection.total_changes();
        self.run(&format!("INSERT INTO search_{id} (search_{id}, rank) VALUES ('merge', ?)"), [pages])?;
        Ok(self.connection.total_changes() - before > 1) // as FTS5 documents it
    }

    /// Adds a text to a part that does not have it. After some of them, the caller calls [`Sqlite::grow_search_part`].
    pub(super) fn add_to_search_part(&self, id: u64, position: u64, text: &IndexedText) -> Result<()> {
        let insert = format!("INSERT INTO search_{id} (rowid, terms) VALUES (?, ?)");
        self.run(&insert, params![int(position), text.terms()]).map(drop)
    }

    /// Writes the texts that were added to a part, and notes their size.
    pub(super) fn grow_search_part(&self, id: u64, by: u64) -> Result<()> {
        self.merge(id, PAGES_PER_BATCH)?;
        let grow = "UPDATE search_parts SET size = size + ?, is_tidy = 0 WHERE id = ?";
        self.run(grow, [int(by), int(id)]).map(drop)
    }

    /// Replaces a text that is in the index, or removes it.
    pub(super) fn change_in_index(&self, position: u64, old: &IndexedText, new: Option<&IndexedText>) -> Result<()> {
        let terms = old.terms();
        for id in self.search_part_of(position)?.tables_with(position) {
            let delete = format!("INSERT INTO search_{id} (search_{id}, rowid, terms) VALUES ('delete', ?, ?)");
            self.run(&delete, params![int(position), terms])?;
            if let Some(new) = new {
                self.add_to_search_part(id, position, new)?;
            }
            // Writes it at once, and not when it is committed: so the time it takes can be measured.
            self.grow_search_part(id, new.map_or(0, size))?;
            self.remove_separators(id, &terms)?;
        }
        Ok(())
    }

    /// Merges trees of the newest part that has some to merge. Returns whether there was one.
    pub(super) fn merge_search_part(&self) -> Result<bool> {
        let next = "SELECT id, first < (SELECT max(first) FROM search_parts WHERE state = 'used') FROM search_parts
            WHERE state = 'used' AND is_tidy = 0 ORDER BY first DESC LIMIT 1";
        while let Some((id, has_newer)) = self.one(next, (), |row| Ok((uint(row, 0)?, row.get(1)?)))? {
            let is_merging = if has_newer {
                self.merge_closed(id, PAGES_AT_ONCE)?
            } else {
                // Not all of them: the trees of new messages would keep that from ever coming to an end.
                self.set_up_search_part(id, "usermerge", TREES.1)?;
                let is_merging = self.merge_or_tidy(id, PAGES_AT_ONCE)?;
                self.set_up_search_part(id, "usermerge", TREES.0)?;
                is_merging
            };
            if is_merging {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// As [`Sqlite::merge`], and notes it if there was nothing to do.
    fn merge_or_tidy(&self, id: u64, pages: i64) -> Result<bool> {
        let is_merging = self.merge(id, pages)?;
        if !is_merging {
            self.run("UPDATE search_parts SET is_tidy = 1 WHERE id = ?", [int(id)])?;
        }
        Ok(is_merging)
    }

    /// Merges trees of a part that is not the newest: at first all of them into one. FTS5 would begin anew with that each
    /// time it is told to and finds the tree of a change, so it is told once.
    fn merge_closed(&self, id: u64, pages: i64) -> Result<bool> {
        let is_first = self.run("UPDATE search_parts SET is_closed = 1 WHERE id = ? AND is_closed = 0", [int(id)])? > 0;
        self.merge_or_tidy(id, if is_first { -pages } else { pages })
    }

    /// Merges trees of a part that is not the newest, if one has several. Each search looks into all trees of all parts, so
    /// that must not wait until nobody sends.
    pub(super) fn merge_closed_part(&self) -> Result<()> {
        let next = "SELECT id FROM search_parts WHERE state = 'used' AND is_tidy = 0
            AND first < (SELECT max(first) FROM search_parts WHERE state = 'used') ORDER BY is_closed, first LIMIT 1";
        while let Some(id) = self.one(next, (), |row| uint(row, 0))? {
            if self.merge_closed(id, PAGES_PER_BATCH)? {
                break;
            }
        }
        Ok(())
    }

    /// Removes some rows of a part that is not searched any more, finally its table. Returns whether there was one.
    pub(in crate::store::sqlite) fn remove_search_part(&mut self) -> Result<bool> {
        let next = "SELECT id FROM search_parts WHERE state = 'old' LIMIT 1";
        let Some(id) = self.one(next, (), |row| uint(row, 0))? else { return Ok(false) };
        self.note_removal()?;
        let slices = [
            format!("DELETE FROM search_{id}_data WHERE id IN (SELECT id FROM search_{id}_data LIMIT ?)"),
            format!(
                "DELETE FROM search_{id}_idx WHERE (segid, term) IN (SELECT segid, term FROM search_{id}_idx LIMIT ?)"
            ),
        ];
        for slice in slices {
            if self.run(&slice, [ROWS_AT_ONCE])? > 0 {
                return Ok(true);
            }
        }
        self.run(&format!("DROP TABLE search_{id}"), ())?;
        self.run("DELETE FROM search_parts WHERE id = ?", [int(id)])?;
        Ok(true)
    }
}
