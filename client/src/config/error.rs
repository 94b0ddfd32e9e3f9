//! What can be wrong with what was settled beforehand: each says where, and what to change.

use std::path::PathBuf;

use super::Source;
pub(super) use crate::text::near::hint;

/// Why nothing starts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A line of the file is wrong.
    #[error("{}:{line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// One sentence.
        what: String,
    },
    /// More lines of the file are wrong than are told.
    #[error("{}: more lines are wrong", path.display())]
    More {
        /// The file.
        path: PathBuf,
    },
    /// The file is there and cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// One sentence.
        reason: String,
    },
    /// A profile was asked for by name, and there is none of it.
    #[error("there is no profile {name:?}{hint}")]
    NoProfile {
        /// As asked for.
        name: String,
        /// What there is instead.
        hint: String,
    },
    /// The address of the server is none.
    #[error("the server's address ({from}): {refusal}")]
    Address {
        /// Who gave it.
        from: Source,
        /// What to change.
        refusal: &'static str,
    },
    /// A theme was asked for by name, and there is none of it.
    #[error("the theme ({from}): {refusal}")]
    Theme {
        /// Who asked for it.
        from: Source,
        /// What there is instead.
        refusal: String,
    },
}
