//! Why a backup cannot be made, read or restored: with the path, the reason and what to do.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use crate::store;

/// Why a backup cannot be made, read or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no such file or directory.
    #[error("{0} does not exist; check the path")]
    NotFound(PathBuf),
    /// The operating system does not allow it.
    #[error("cannot use {0}: permission denied; run this as the user that runs the server")]
    NotAllowed(PathBuf),
    /// A backup never overwrites.
    #[error("{0} exists already; choose another name, or move it away")]
    Exists(PathBuf),
    /// Another process writes the same backup.
    #[error("another backup to {0} is in progress; wait until it ends")]
    InProgress(PathBuf),
    /// A directory that should be empty is not.
    #[error("{0} is not empty; restore into a new or an empty directory (--data-dir)")]
    NotEmpty(PathBuf),
    /// The file is damaged, cut, or something else.
    #[error("{path} is not a complete backup: {reason}; use another one")]
    Damaged {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Its form comes from a later version.
    #[error("{0} was made by a later version of quchat-server; restore it with that version")]
    TooNew(PathBuf),
    /// The disk, or the database.
    #[error("cannot use {path}: {reason}")]
    Unusable {
        /// The file or directory.
        path: PathBuf,
        /// The reason, and what to do about it.
        reason: String,
    },
    /// The database says why and what to do.
    #[error("{0}")]
    Database(String),
    /// The PostgreSQL cannot be reached. The text says why and what to do.
    #[error("{0}")]
    Unreachable(String),
    /// The caller has interrupted the work. Nothing is left of it.
    #[error("interrupted; nothing was changed")]
    Interrupted,
}

impl From<store::Error> for BackupError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Unreachable(reason) => Self::Unreachable(reason),
            error => Self::Database(error.to_string()),
        }
    }
}

/// Turns an error of the operating system about `path` into a sentence that says what to do.
pub(super) fn unusable(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |error| {
        let path = path.to_owned();
        let reason = match error.kind() {
            ErrorKind::NotFound => return BackupError::NotFound(path),
            ErrorKind::PermissionDenied => return BackupError::NotAllowed(path),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                "the disk is full; free some space, or choose another disk".to_owned()
            }
            ErrorKind::ReadOnlyFilesystem => "its file system is read-only; choose another place".to_owned(),
            ErrorKind::FileTooLarge => "it would be larger than the system allows; raise the limit".to_owned(),
            _ => error.to_string(),
        };
        BackupError::Unusable { path, reason }
    }
}
