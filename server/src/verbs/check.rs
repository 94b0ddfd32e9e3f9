//! The verb `check`.

use std::path::Path;

use super::{
    failure::{FAILED, Failure},
    output::{Format, Output},
    progress::watched,
};
use crate::{check, signals::Hangup};

/// `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    format: Format,
}

impl Check {
    pub(super) fn run(&self, data_dir: &Path, hangup: Hangup, output: &Output) -> Result<(), Failure> {
        let findings = watched("checking", hangup, output, |watch| check::check(data_dir, watch))?;
        let dir = data_dir.display();
        let text = if findings.ok { format!("{dir} is in order") } else { findings.problems.join("\n") };
        output.print(&self.format, &findings, &text)?;
        match findings.problems.len() {
            0 => Ok(()),
            count => {
                let reason = format!("{dir} has {count} problems; stop the server and restore a backup");
                Err(Failure::new(FAILED, reason))
            }
        }
    }
}
