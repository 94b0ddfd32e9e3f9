//! Why a verb failed, and the exit code that says so.

use crate::{Config, backup::BackupError};

/// Exit codes: 0 ok, 1 failure, 2 usage, 3 not allowed, 4 not found, 5 unreachable, 130 interrupted.
pub(super) const FAILED: u8 = 1;
pub(super) const USAGE: u8 = 2;
pub(super) const NOT_ALLOWED: u8 = 3;
pub(super) const NOT_FOUND: u8 = 4;
pub(crate) const UNREACHABLE: u8 = 5;
pub(super) const INTERRUPTED: u8 = 130;

/// Why a verb failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: u8,
    /// One line that says what to do.
    pub(super) reason: String,
}

impl Failure {
    pub(super) fn new(code: u8, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// Refuses a verb that works on the file of a SQLite database if there is none.
pub(super) fn refuse_postgres(place: &Config, verb: &str, instead: &str) -> Result<(), Failure> {
    match &place.postgres {
        Some(_) => Err(Failure::new(USAGE, format!("{verb} is for a SQLite database, not for --store; {instead}"))),
        None => Ok(()),
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let code = match error {
            BackupError::NotFound(_) => NOT_FOUND,
            BackupError::NotAllowed(_) => NOT_ALLOWED,
            BackupError::Unreachable(_) => UNREACHABLE,
            BackupError::Interrupted => INTERRUPTED,
            _ => FAILED,
        };
        Self::new(code, error.to_string())
    }
}
