//! What SQLite's errors mean. One table decides how a request is answered, and says in plain words what is wrong and
//! what to do about it.

use std::{path::Path, sync::Arc};

use rusqlite::ErrorCode;

use crate::store::{Cause, Error};

/// Whether an error may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Trying again later may help.
    Later,
    /// Trying again does not help: damage, or a bug in the server.
    Never,
}

/// The table: whether the error may pass, the reason, and what to do about it.
fn explain(code: Option<ErrorCode>) -> (Meaning, &'static str, &'static str) {
    use ErrorCode as Code;
    use Meaning::{Later, Never};
    match code {
        Some(Code::DiskFull) => (Later, "the disk is full", "free some space"),
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => {
            (Later, "another program has locked it", "close that program")
        }
        Some(Code::ReadOnly) => (Later, "it is read-only", "make the file and its file system writable"),
        Some(Code::CannotOpen | Code::PermissionDenied) => (
            Later,
            "it cannot be opened",
            "check that the user of the server may read and write the file and its directory",
        ),
        Some(Code::SystemIoFailure) => (
            Later,
            "it cannot be read or written",
            "check the disk, its free space, the limits on file sizes and the system log",
        ),
        Some(Code::FileLockingProtocolFailed) => {
            (Later, "it cannot be locked", "move the data to a local disk, and close other programs that use it")
        }
        Some(Code::NoLargeFileSupport) => {
            (Later, "its file system does not support files of this size", "move the data to another file system")
        }
        Some(Code::OutOfMemory) => (Later, "there is not enough memory", "free some memory"),
        Some(Code::OperationInterrupted | Code::OperationAborted) => {
            (Later, "the operation was interrupted", "try again")
        }
        Some(Code::DatabaseCorrupt) => (Never, "it is damaged", "restore it from a backup"),
        Some(Code::NotADatabase) => (
            Never,
            "it is not a database, or its beginning is damaged",
            "restore it from a backup, or move it and signing-key away to start over",
        ),
        _ => (Never, "the database engine failed", "restore a backup if this happens at every start"),
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

/// Whether trying again later may help.
pub(super) fn may_pass(error: &rusqlite::Error) -> bool {
    explain(error.sqlite_error_code()).0 == Meaning::Later
}

/// Whether the connection itself may be broken, for example by a dead file handle or a half-read page. It is not broken
/// if only a row was refused or could not be decoded.
pub(super) fn is_of_connection(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code().is_some_and(|code| code != ErrorCode::ConstraintViolation)
}

/// The error of a write where nobody can write.
pub(super) fn read_only() -> Error {
    let (_, reason, advice) = explain(Some(ErrorCode::ReadOnly));
    Error::Unavailable(Cause { reason, advice, detail: "since the server started".into() })
}

/// The error if the server cannot start with this file.
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

/// SQLite's message and error code, to look them up.
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
    fn temporary_errors_are_distinguished_from_damage_and_bugs() {
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
    fn a_refused_row_does_not_mean_a_broken_connection() {
        assert!(!is_of_connection(&error(ffi::SQLITE_CONSTRAINT_UNIQUE)));
        assert!(!is_of_connection(&rusqlite::Error::QueryReturnedNoRows));
        assert!(is_of_connection(&error(ffi::SQLITE_IOERR_READ)));
    }
}
