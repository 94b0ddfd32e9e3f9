//! The verbs of the command line: what the program does besides serving. Each prints its result to standard output and
//! its progress to standard error.

mod asking;
mod backups;
mod check;
mod failure;
mod invites;
mod migrate;
mod output;
mod password_prompt;
mod progress;
mod status;
mod users;

use std::process::ExitCode;

use clap::Subcommand;

use self::{failure::Failure, output::Output};
pub(crate) use self::{failure::UNREACHABLE, migrate::Migrate};
use crate::{Config, log::Log, signals::Hangup};

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Back the data directory up to one file; the server may run meanwhile
    Backup(backups::Backup),
    /// Restore a backup into a new or empty data directory
    Restore(backups::Restore),
    /// Look for damage and contradictions in the database; the server may run meanwhile
    Check(check::Check),
    /// Move the data of a stopped server from its data directory to an empty PostgreSQL database
    Migrate(Migrate),
    /// Show how the server is
    Status(status::Status),
    /// List, add and change users
    #[command(subcommand)]
    User(users::UserVerb),
    /// Create, list and revoke invites, with which people register
    #[command(subcommand)]
    Invite(invites::InviteVerb),
}

/// Runs a verb on the data of `place` to its end.
pub(crate) fn run(verb: &Verb, place: &Config, hangup: Hangup, log: &Log) -> ExitCode {
    let output = Output::new(log);
    let outcome = match verb {
        Verb::Backup(backup) => backup.run(place, hangup, &output),
        Verb::Restore(restore) => restore.run(place, hangup, &output),
        Verb::Check(check) => check.run(place, hangup, &output),
        Verb::Migrate(migrate) => migrate.run(place, hangup, &output),
        Verb::Status(status) => status.run(place, &output),
        Verb::User(verb) => verb.run(place, &output),
        Verb::Invite(verb) => verb.run(place, &output),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, reason }) => {
            log.line(&format!("quchat-server: {reason}"));
            ExitCode::from(code)
        }
    }
}
