//! What a verb prints to standard output: a sentence for a person, or one JSON object per line.

use std::io::{self, ErrorKind, Write};

use serde::Serialize;

use super::failure::{FAILED, Failure};
use crate::log::Log;

/// How a verb prints its result.
#[derive(Debug, clap::Args)]
pub(crate) struct Format {
    /// Print the result as JSON, one object per line
    #[arg(long)]
    pub(super) json: bool,
}

/// Standard output, and standard error for progress.
pub(super) struct Output {
    pub(super) log: Log,
}

impl Output {
    pub(super) fn new(log: &Log) -> Self {
        Self { log: log.clone() }
    }

    /// Prints a result in the wanted format. A reader that closed the pipe has read enough.
    pub(super) fn print(&self, format: &Format, value: &impl Serialize, text: &str) -> Result<(), Failure> {
        let mut line = match format.json {
            true => serde_json::to_string(value).expect("results are plain structs, which always serialise"),
            false => text.trim_end().to_owned(),
        };
        line.push('\n');
        let mut stdout = io::stdout().lock();
        match stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::new(FAILED, format!("cannot write to standard output: {error}")))
            }
            _ => Ok(()),
        }
    }
}
