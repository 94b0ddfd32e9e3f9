//! A value with its origin.

use std::fmt;

/// A setting and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    pub from: Source,
}

/// The origin of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The flag's name.
    Flag(&'static str),
    /// The environment variable's name.
    Variable(&'static str),
    /// The line of the config file, from 1.
    Line(usize),
    /// The join link.
    Link,
    /// The last sign-in.
    LastSignIn,
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::Line(line) => write!(f, "line {line} of the file"),
            Self::Link => f.write_str("the join link"),
            Self::LastSignIn => f.write_str("used last"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Setting<String> {
    /// A line of the config file with this value; the comment names the source.
    #[must_use]
    pub fn show(&self, key: &str) -> String {
        format!("{key} = {}  # {}\n", quoted(&self.value), self.from)
    }
}

impl Setting<bool> {
    /// A line of the config file with this value; the comment names the source.
    #[must_use]
    pub fn show(&self, key: &str) -> String {
        format!("{key} = {}  # {}\n", self.value, self.from)
    }
}

/// A basic string of TOML with all control characters escaped, safe to print to a terminal.
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
