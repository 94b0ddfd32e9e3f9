//! What the engine's errors mean: the one table. It decides what a caller is answered and whether a connection is
//! opened again, and says in plain words what is wrong and what to do.

use std::{path::Path, sync::Arc};

use rusqlite::ErrorCode;

use crate::store::{Cause, Error};

/// What an error of the engine means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// It may work later, on the same connection.
    Later,
    /// It may work later, on a new connection: this one may hold a dead file handle.
    LaterReopened,
    /// Trying again will not help: damage, or a mistake in the server.
    Never,
}

/// The table: what it means, the reason, and what a person can do.
fn explain(code: Option<ErrorCode>) -> (Meaning, &'static str, &'static str) {
    use ErrorCode as Code;
    use Meaning::{Later, LaterReopened, Never};
    match code {
        Some(Code::DiskFull) => (Later, "the disk is full", "free some space"),
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => {
            (Later, "another program has locked it", "close that program")
        }
        Some(Code::ReadOnly) => (LaterReopened, "it is read-only", "make the file and its file system writable"),
        Some(Code::CannotOpen | Code::PermissionDenied) => (
            LaterReopened,
            "it cannot be opened",
            "check that the user of the server may read and write the file and its directory",
        ),
        Some(Code::SystemIoFailure) => (
            LaterReopened,
            "it cannot be read or written",
            "check the disk, the limits on file sizes and the system log",
        ),
        Some(Code::FileLockingProtocolFailed) => (
            LaterReopened,
            "it cannot be locked",
            "keep the data on a local disk, and close other programs that use it",
        ),
        Some(Code::NoLargeFileSupport) => {
            (LaterReopened, "its file system takes no file of this size", "keep the data on another file system")
        }
        Some(Code::OutOfMemory) => (LaterReopened, "there is not enough memory", "free some memory"),
        Some(Code::OperationInterrupted | Code::OperationAborted) => {
            (LaterReopened, "the operation was interrupted", "try again")
        }
        Some(Code::DatabaseCorrupt) => (Never, "it is damaged", "restore it from a backup"),
        Some(Code::NotADatabase) => (
            Never,
            "it is not a database, or its beginning is damaged",
            "restore it from a backup, or move it and signing-key away to begin anew",
        ),
        _ => (Never, "the database engine failed", "restore a backup if this happens at each start"),
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match explain(error.sqlite_error_code()) {
            (Meaning::Never, ..) => Self::Engine(Arc::new(error)),
            (_, reason, advice) => Self::Unavailable(Cause { reason, advice, detail: detail(&error).into() }),
        }
    }
}

/// Whether the connection that gave this error is to be opened again.
pub(super) fn wants_reopening(error: &rusqlite::Error) -> bool {
    explain(error.sqlite_error_code()).0 == Meaning::LaterReopened
}

/// Why a server cannot start on this file.
pub(super) fn at_start(file: &Path, error: &rusqlite::Error) -> Error {
    let (meaning, reason, advice) = explain(error.sqlite_error_code());
    let file = file.display();
    Error::Unusable(match meaning {
        Meaning::Never if error.sqlite_error_code().is_none_or(|code| code == ErrorCode::Unknown) => {
            format!("cannot use {file}: {error}; {advice}")
        }
        _ => format!("cannot use {file}: {reason} ({}); {advice}", detail(error)),
    })
}

/// The engine's own words, for those who look them up.
fn detail(error: &rusqlite::Error) -> String {
    match error.sqlite_extended_error_code() {
        Some(code) => format!("{error}, code {code}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn error(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn what_may_pass_is_told_apart_from_damage_and_mistakes() {
        for code in [
            ffi::SQLITE_FULL,
            ffi::SQLITE_BUSY,
            ffi::SQLITE_BUSY_SNAPSHOT,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_READONLY_DBMOVED,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_PERM,
            ffi::SQLITE_IOERR,
            ffi::SQLITE_IOERR_READ,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_IOERR_SHMMAP,
            ffi::SQLITE_NOMEM,
            ffi::SQLITE_PROTOCOL,
            ffi::SQLITE_NOLFS,
        ] {
            assert!(matches!(Error::from(error(code)), Error::Unavailable(_)), "{code}");
        }
        for code in [
            ffi::SQLITE_ERROR,
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_CONSTRAINT_UNIQUE,
            ffi::SQLITE_MISMATCH,
            ffi::SQLITE_MISUSE,
            ffi::SQLITE_RANGE,
            ffi::SQLITE_TOOBIG,
            ffi::SQLITE_SCHEMA,
        ] {
            assert!(matches!(Error::from(error(code)), Error::Engine(_)), "{code}");
        }
        assert!(matches!(Error::from(rusqlite::Error::QueryReturnedNoRows), Error::Engine(_)));
    }

    #[test]
    fn only_a_connection_whose_files_may_be_dead_is_opened_again() {
        for (code, reopened) in [
            (ffi::SQLITE_IOERR_READ, true),
            (ffi::SQLITE_READONLY, true),
            (ffi::SQLITE_CANTOPEN, true),
            (ffi::SQLITE_FULL, false),
            (ffi::SQLITE_BUSY, false),
            (ffi::SQLITE_CONSTRAINT_UNIQUE, false),
        ] {
            assert_eq!(wants_reopening(&error(code)), reopened, "{code}");
        }
    }
}
