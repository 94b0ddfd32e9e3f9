//! Shows on standard error how far long work is: on a terminal in one line that changes, else as a line now and then.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use super::{
    failure::{FAILED, Failure},
    output::Output,
};
use crate::{
    backup::{BackupError, Watch},
    log::Log,
    signals::{Hangup, interruption},
};

/// How often the line on a terminal changes.
const ON_TERMINAL: Duration = Duration::from_millis(100);
/// How often there is a line elsewhere.
const ELSEWHERE: Duration = Duration::from_secs(5);

/// Runs long work with its progress on standard error, until Ctrl+C or SIGTERM.
pub(super) fn watched<T>(
    what: &'static str,
    hangup: Hangup,
    output: &Output,
    work: impl FnOnce(Watch<'_>) -> Result<T, BackupError>,
) -> Result<T, Failure> {
    let is_interrupted = interruption(hangup).map_err(|error| Failure::new(FAILED, error.to_string()))?;
    let mut progress = Progress::new(what, &output.log);
    let mut show = |done, of| progress.show(done, of);
    Ok(work(Watch { progress: &mut show, is_interrupted: &is_interrupted })?)
}

/// The progress of some work.
struct Progress {
    what: &'static str,
    log: Log,
    is_terminal: bool,
    shown: Option<Instant>,
    is_complete: bool,
}

impl Progress {
    /// `what` is a participle, such as "backing up".
    fn new(what: &'static str, log: &Log) -> Self {
        Self { what, log: log.clone(), is_terminal: io::stderr().is_terminal(), shown: None, is_complete: false }
    }

    /// Shows that `done` of `of` is done, if it is time to.
    fn show(&mut self, done: u64, of: u64) {
        let every = if self.is_terminal { ON_TERMINAL } else { ELSEWHERE };
        let is_last = done >= of && !self.is_complete;
        if !is_last && self.shown.is_some_and(|shown| shown.elapsed() < every) {
            return;
        }
        self.shown = Some(Instant::now());
        self.is_complete = done >= of;
        let percent = done.saturating_mul(100).checked_div(of).unwrap_or(100).min(100);
        let line = format!("{}: {percent} %", self.what);
        if self.is_terminal {
            let end = if is_last { "\n" } else { "" };
            write!(io::stderr(), "\r{line}{end}").ok();
        } else {
            self.log.line(&line);
        }
    }
}

impl Drop for Progress {
    /// Leaves the line of the terminal, so that the reason stands on its own.
    fn drop(&mut self) {
        if self.is_terminal && self.shown.is_some() && !self.is_complete {
            writeln!(io::stderr()).ok();
        }
    }
}
