//! Backups: a copy of the data directory as of one moment in a single file, made while the server runs or while it does
//! not, and the way back.
//!
//! A backup is a plain tar archive with the database, the secrets of the data directory, and a manifest with checksums as
//! its last file. It holds no text that was deleted before it was made. This module must not know HTTP.

mod error;
mod making;
mod manifest;
mod reading;
mod restoring;
mod running;
mod tar;
mod unfinished;

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

pub(crate) use self::running::{LongRead, is_running};
pub use self::{
    error::BackupError,
    making::make,
    manifest::{FileSum, Manifest},
    reading::verify,
    restoring::restore,
};

/// How long work goes on, and how it ends before its time.
pub struct Watch<'a> {
    /// Called from time to time with how much is done (bytes, rows or checks), and how much there is in all.
    pub progress: &'a mut dyn FnMut(u64, u64),
    /// Once it is true, the work ends with [`BackupError::Interrupted`].
    pub is_interrupted: &'a AtomicBool,
}

impl Watch<'_> {
    /// Reports that `done` of `of` are done.
    fn advance(&mut self, done: u64, of: u64) -> Result<(), BackupError> {
        if self.is_interrupted.load(Ordering::Relaxed) {
            return Err(BackupError::Interrupted);
        }
        (self.progress)(done, of);
        Ok(())
    }
}

/// The error that says how a backup is damaged.
fn damaged(path: &Path, reason: impl Into<String>) -> BackupError {
    BackupError::Damaged { path: path.to_owned(), reason: reason.into() }
}
