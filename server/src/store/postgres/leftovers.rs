//! Removed content in PostgreSQL's files, which this engine can neither find nor overwrite.
//!
//! PostgreSQL overwrites nothing by itself. A row that was changed or deleted stands in its file until VACUUM, which
//! runs on its own, and then in unused parts of pages until these are used again. What was written stands in the
//! write-ahead log until its segments are recycled, and in archives of the log, in backups and on standbys as long as
//! these are kept. No query shows any of it. Whoever must get rid of it runs VACUUM FULL on the tables, and deletes
//! older archives and backups.

use std::time::Duration;

use super::Postgres;
use crate::store::{Erase, Leftovers, ReadLeftovers, Result};

impl ReadLeftovers for Postgres {
    fn leftovers(&self, _after: u64, _limit: u64) -> Result<Leftovers> {
        Ok(Leftovers { places: Vec::new(), next: None })
    }
}

impl Erase for Postgres {
    fn begin_erasing(&mut self) -> Result<()> {
        Ok(())
    }

    fn erase_leftovers(&mut self, _places: &[u64]) -> Result<()> {
        Ok(())
    }

    fn empty_log(&mut self, _patience: Duration) -> Result<bool> {
        Ok(true)
    }

    fn end_erasing(&mut self) -> Result<()> {
        Ok(())
    }
}
