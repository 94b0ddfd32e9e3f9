//! Why the store did not do something. The client is never the cause.

use std::{fmt, sync::Arc};

/// Why the store did not do something.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    /// Damage or a bug; trying again does not help.
    #[error("the storage engine failed")]
    Engine(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// A failure that may pass: the disk is full, the file system is gone, or another program has locked the database.
    #[error("the database cannot be used at the moment: {0}")]
    Unavailable(Cause),
    /// A stored row breaks a rule of the schema.
    #[error("a stored row is invalid: {0}")]
    BrokenRow(&'static str),
    /// The caller's code panicked. The panic itself is in the log.
    #[error("{0} panicked")]
    Panicked(&'static str),
    /// A write was rolled back because the engine failed during it, although the write itself returned no error.
    #[error("a write was not completed")]
    Incomplete,
    #[error("the store is closed")]
    Closed,
    /// The server cannot start with this database.
    #[error("{0}")]
    Unusable(String),
    /// The server cannot start, because this database cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// Further writes could be lost, so the server must stop.
    #[error("{0}")]
    Fatal(Arc<str>),
}

/// Why the engine cannot do something now.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// The reason, in plain words.
    pub(crate) reason: &'static str,
    /// What the user of the server can do about it.
    pub(crate) advice: &'static str,
    /// The engine's message.
    pub(crate) detail: Arc<str>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.detail)
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;
