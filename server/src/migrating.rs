//! Moves what a stopped server has in its data directory to PostgreSQL. The directory keeps the server's keys, and the old
//! database under another name.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use serde::Serialize;

use crate::{
    backup::{BackupError, Watch},
    data_dir::{DATABASE, DataDir, DataDirError, MIGRATED},
    store::{self, Moved, PostgresSettings},
};

/// What a migration has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Migration {
    /// How much was copied; `None` if an earlier run did that, and this one found it complete.
    pub copied: Option<Copied>,
    /// Where the old database is now.
    pub kept: PathBuf,
}

/// The numbers of what was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// How many users there are.
    pub users: u64,
    /// Rooms, without deleted ones.
    pub rooms: u64,
    /// Messages, with the tombstones of deleted ones.
    pub messages: u64,
}

/// Copies the data to an empty PostgreSQL database, and puts the old database aside. Must not be called on a thread of
/// an async runtime.
///
/// # Errors
/// There is no database, a server uses the directory, the PostgreSQL database is not empty or cannot be used, or the work
/// was interrupted: nothing has changed then. If the connection was lost during the commit, or the old database cannot be
/// renamed, everything may be copied already; running it again finds that out and finishes.
pub fn migrate(data_dir: &Path, target: &PostgresSettings, watch: Watch<'_>) -> Result<Migration, BackupError> {
    let (database, migrated) = (data_dir.join(DATABASE), data_dir.join(MIGRATED));
    let is_there = |path: &Path| match fs::metadata(path) {
        Ok(found) => Ok(found.len() > 0),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(BackupError::NotAllowed(path.to_owned())),
        Err(_) => Ok(false),
    };
    match (is_there(&database)?, is_there(&migrated)?) {
        (true, false) => {}
        (true, true) => {
            let reason = "it is the database of an earlier migration; move it away".to_owned();
            return Err(BackupError::Unusable { path: migrated, reason });
        }
        (false, true) => return Err(unusable(&DataDirError::Migrated { migrated, database })),
        (false, false) => return Err(BackupError::NotFound(database)),
    }
    let locked = DataDir::open(data_dir).map_err(|error| match error {
        DataDirError::InUse(path) => {
            BackupError::Database(format!("a quchat-server is using {}; stop it first", path.display()))
        }
        error => unusable(&error),
    })?;
    if locked.is_read_only() {
        let reason = "it can only be read, and the old database in it must get another name".to_owned();
        return Err(BackupError::Unusable { path: data_dir.to_owned(), reason });
    }
    let key = locked.signing_key().map_err(|error| unusable(&error))?;
    let Watch { progress, is_interrupted } = watch;
    let moved = store::move_to_postgres(&database, target, key.as_ref().map(<[u8; 32]>::as_slice), |done, of| {
        progress(done, of);
        !is_interrupted.load(Ordering::Relaxed)
    });
    let copied = match moved? {
        Moved::Copied { users, rooms, messages } => Some(Copied { users, rooms, messages }),
        Moved::AlreadyCopied => None,
        Moved::Interrupted => return Err(BackupError::Interrupted),
    };
    let kept = locked.put_database_aside().map_err(|error| unusable(&error))?;
    Ok(Migration { copied, kept })
}

fn unusable(error: &DataDirError) -> BackupError {
    BackupError::Database(error.to_string())
}
