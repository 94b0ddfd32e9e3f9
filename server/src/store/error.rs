//! Why the store did not do something. It is never the fault of whoever uses the API.

use std::{fmt, sync::Arc};

/// Why the store did not do something.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    /// Damage, or a bug: trying again will not help.
    #[error("the storage engine failed")]
    Engine(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// It may work later: the disk is full, the file system is gone, another program has locked the database.
    #[error("the database cannot be used at the moment: {0}")]
    Unavailable(Cause),
    /// A stored row breaks a rule of the schema.
    #[error("a stored row makes no sense: {0}")]
    BrokenRow(&'static str),
    /// The code that ran for a caller panicked. The panic itself was logged.
    #[error("{0} panicked")]
    Panicked(&'static str),
    /// A write was undone because the engine failed under it, although the write itself did not notice.
    #[error("a write was not completed")]
    Incomplete,
    #[error("the store is closed")]
    Closed,
    /// A server cannot start on this database.
    #[error("{0}")]
    Unusable(String),
    /// What is written from now on may be lost: the server has to end.
    #[error("{0}")]
    Fatal(Arc<str>),
}

/// Why the engine cannot do something now.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// In plain words.
    pub(crate) reason: &'static str,
    /// What a person can do about it.
    pub(crate) advice: &'static str,
    /// The engine's own words.
    pub(crate) detail: Arc<str>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.detail)
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;
