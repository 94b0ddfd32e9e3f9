//! The verb `check`.

use super::{
    failure::{FAILED, Failure},
    output::{Format, Output},
    progress::watched,
};
use crate::{Config, check, signals::Hangup};

/// `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    format: Format,
}

impl Check {
    pub(super) fn run(&self, place: &Config, hangup: Hangup, output: &Output) -> Result<(), Failure> {
        let findings = watched("checking", hangup, output, |watch| check::check(place, watch))?;
        let checked = match &place.postgres {
            Some(settings) => settings.to_string(),
            None => place.data_dir.display().to_string(),
        };
        let text = if findings.ok { format!("{checked} is in order") } else { findings.problems.join("\n") };
        output.print(&self.format, &findings, &text)?;
        match findings.problems.len() {
            0 => Ok(()),
            count => {
                let reason = format!("{checked} has {count} problems; stop the server and restore a backup");
                Err(Failure::new(FAILED, reason))
            }
        }
    }
}
