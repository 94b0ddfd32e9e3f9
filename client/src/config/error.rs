//! Errors in the settings. Each says where the problem is and what to change.

use std::path::PathBuf;

use super::Source;
pub(super) use crate::text::near::hint;

/// Why the client does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A line of the config file is wrong.
    #[error("{}:{line}: {what}", path.display())]
    Line {
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// One sentence.
        what: String,
    },
    /// The config file has more wrong lines than are reported.
    #[error("{}: more lines are wrong", path.display())]
    More { path: PathBuf },
    /// The config file exists but cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        path: PathBuf,
        /// One sentence.
        reason: String,
    },
    /// No profile has the requested name.
    #[error("unknown profile {name:?}{hint}")]
    NoProfile {
        name: String,
        /// Suggests an existing profile.
        hint: String,
    },
    /// The server's address is invalid.
    #[error("the server's address ({from}): {refusal}")]
    Address {
        /// Where the address came from.
        from: Source,
        /// Says what to change.
        refusal: &'static str,
    },
    /// No theme has the requested name.
    #[error("the theme ({from}): {refusal}")]
    Theme {
        /// Where the name came from.
        from: Source,
        /// Says what to change; suggests an existing theme.
        refusal: String,
    },
}
