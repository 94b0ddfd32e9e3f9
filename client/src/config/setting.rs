//! A value together with where it came from.

use std::fmt;

/// A value that somebody, or nobody, chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// What holds.
    pub value: T,
    /// Who says so.
    pub from: Source,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This flag.
    Flag(&'static str),
    /// This variable of the environment.
    Variable(&'static str),
    /// The file, on this line.
    Line(usize),
    /// The memory of the last sign-in.
    Last,
    /// Nobody chose.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::Line(line) => write!(f, "line {line} of the file"),
            Self::Last => f.write_str("used last"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Setting<String> {
    /// A line of the file that says the same, with the source as its comment.
    #[must_use]
    pub fn show(&self, key: &str) -> String {
        format!("{key} = {}  # {}\n", quoted(&self.value), self.from)
    }
}

impl Setting<bool> {
    /// A line of the file that says the same, with the source as its comment.
    #[must_use]
    pub fn show(&self, key: &str) -> String {
        format!("{key} = {}  # {}\n", self.value, self.from)
    }
}

/// A basic string of TOML, in which no byte can act on a terminal.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
