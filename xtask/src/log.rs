//! Reads what a program that a task has started wrote into its log.

use std::{fs, path::Path};

/// The last line of a log that says something.
pub fn last_line(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("its log is empty").to_owned()
}
