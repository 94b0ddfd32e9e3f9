//! What can be wrong with what was settled beforehand: each says where, and what to change.

use std::path::PathBuf;

use super::Source;

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

/// "; did you mean ...?", if one of the words is near; else which words there are, if they are few.
pub(super) fn hint<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const FEW: usize = 12;
    let known: Vec<_> = known.into_iter().collect();
    let near = known.iter().min_by_key(|word| distance(typed, word));
    match near {
        Some(word) if distance(typed, word) <= 1 + word.chars().count() / 3 => format!("; did you mean {word:?}?"),
        Some(_) if known.len() <= FEW => format!("; there is {}", known.join(", ")),
        _ => String::new(),
    }
}

fn distance(typed: &str, word: &str) -> usize {
    strsim::damerau_levenshtein(&typed.to_lowercase(), &word.to_lowercase())
}
