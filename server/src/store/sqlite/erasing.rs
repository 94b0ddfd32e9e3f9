//! Erases from the files what was removed from the database.
//!
//! Removed content is overwritten with zeros (`secure_delete`). That leaves two places where it may still be: the
//! write-ahead log, which holds older versions of pages, and [`unused`] parts of pages. The latter are overwritten first,
//! then the log is emptied. The table `unerased` has a row from a removal until then, so that a crash changes nothing.

use std::{sync::Arc, time::Duration};

use rusqlite::params;
use tokio::sync::Notify;

use super::{
    Sqlite,
    columns::{int, uint},
    opening::LOCKED,
    unused_parts::unused,
};
use crate::store::{Erase, Leftovers, ReadLeftovers, Result};

/// From this number of pages on, a page that continues a long row could look like one with rows.
const PAGES_MAX: u64 = 1 << 25;

const PAGE: &str = "SELECT data FROM sqlite_dbpage WHERE pgno = ?";

/// What the writing connection knows about removed content.
#[derive(Default)]
pub(super) struct Erasing {
    /// Some was removed since erasing last began.
    is_due: bool,
    /// The log may hold some that was removed before.
    is_in_log: bool,
    /// Notified when `is_due` is set.
    removal: Arc<Notify>,
    /// The log is to be emptied after the open transaction, which may wait for readers this long.
    asked: Option<Duration>,
}

impl Sqlite {
    /// Notified when content is removed, and at once if there is some that an earlier run has not erased.
    pub(crate) fn removal(&mut self) -> Result<Arc<Notify>> {
        if self.exists("SELECT 1 FROM unerased", ())? {
            self.announce_removal();
        }
        Ok(Arc::clone(&self.erasing.removal))
    }

    /// Notes that the open transaction removes content.
    pub(super) fn note_removal(&mut self) -> Result<()> {
        self.run("INSERT OR IGNORE INTO unerased (id) VALUES (1)", ())?;
        self.announce_removal();
        Ok(())
    }

    fn announce_removal(&mut self) {
        if !std::mem::replace(&mut self.erasing.is_due, true) {
            self.erasing.removal.notify_one();
        }
    }

    /// Empties the log if that was asked for. Readers may prevent it; then it has to be asked for again.
    pub(super) fn empty_log_if_asked(&mut self) -> Result<()> {
        let Some(patience) = self.erasing.asked.take() else { return Ok(()) };
        let wait = |duration| self.connection.busy_timeout(duration).map_err(|error| self.failed(error));
        wait(patience)?;
        let is_busy = self.one("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, bool>(0));
        wait(LOCKED)?;
        self.erasing.is_in_log = is_busy? != Some(false);
        Ok(())
    }
}

impl ReadLeftovers for Sqlite {
    fn leftovers(&self, after: u64, limit: u64) -> Result<Leftovers> {
        let pages = self.one("PRAGMA page_count", (), |row| uint(row, 0))?.unwrap_or(0);
        let through = if pages < PAGES_MAX { pages.min(after.saturating_add(limit)) } else { after };
        let mut places = Vec::new();
        for place in after + 1..=through {
            let is_left = |row: &rusqlite::Row<'_>| {
                let page = row.get_ref(0)?.as_blob()?;
                Ok(unused(page, place == 1).into_iter().any(|part| page[part].iter().any(|byte| *byte != 0)))
            };
            if self.one(PAGE, [int(place)], is_left)? == Some(true) {
                places.push(place);
            }
        }
        Ok(Leftovers { places, next: (through < pages && through > after).then_some(through) })
    }
}

impl Erase for Sqlite {
    fn begin_erasing(&mut self) -> Result<()> {
        self.erasing.is_due = false;
        self.erasing.is_in_log = true;
        Ok(())
    }

    fn erase_leftovers(&mut self, places: &[u64]) -> Result<()> {
        for &place in places {
            let Some(mut page) = self.one(PAGE, [int(place)], |row| row.get::<_, Vec<u8>>(0))? else { continue };
            for part in unused(&page, place == 1) {
                page[part].fill(0);
            }
            self.run("UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?", params![page, int(place)])?;
        }
        Ok(())
    }

    fn empty_log(&mut self, patience: Duration) -> Result<bool> {
        if self.erasing.is_in_log {
            self.erasing.asked = Some(patience);
        }
        Ok(!self.erasing.is_in_log)
    }

    fn end_erasing(&mut self) -> Result<()> {
        if !self.erasing.is_due {
            self.run("DELETE FROM unerased", ())?;
        }
        Ok(())
    }
}
