//! The verb `migrate`.

use std::path::PathBuf;

use super::{
    failure::{Failure, USAGE},
    output::{Format, Output},
    progress::watched,
};
use crate::{
    Config, PostgresSettings,
    data_dir::{BACKUP_OF_POSTGRES, DATABASE},
    migrating::{self, Copied, Migration},
    signals::Hangup,
    store_url::StoreUrl,
};

/// `migrate --from DIR --to URL`.
#[derive(Debug, clap::Args)]
pub(crate) struct Migrate {
    /// Data directory of the stopped server; it stays in use, for the keys
    #[arg(long, value_name = "DIR")]
    pub(crate) from: PathBuf,

    /// Empty PostgreSQL database, as postgres://USER@HOST/DATABASE [default: $QUCHAT_STORE]
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<StoreUrl>,

    #[command(flatten)]
    format: Format,
}

impl Migrate {
    /// `place` is what the flags name.
    pub(super) fn run(&self, place: &Config, hangup: Hangup, output: &Output) -> Result<(), Failure> {
        let Config { data_dir, postgres: Some(target), .. } = place else {
            return Err(Failure::new(USAGE, "migrate needs --to"));
        };
        let migration = watched("migrating", hangup, output, |watch| migrating::migrate(data_dir, target, watch))?;
        output.print(&self.format, &migration, &describe(&migration, place, target))
    }
}

fn describe(migration: &Migration, place: &Config, target: &PostgresSettings) -> String {
    let dir = place.data_dir.display();
    let done = match &migration.copied {
        Some(Copied { users, rooms, messages }) => {
            format!("copied {users} users, {rooms} rooms and {messages} messages from {dir} to {target}")
        }
        None => format!("an earlier run had already copied everything from {dir} to {target}"),
    };
    let (kept, database) = (migration.kept.display(), place.data_dir.join(DATABASE));
    let back = format!("rename it to {} and start without --store", database.display());
    [
        done,
        format!("start the server with --store and --data-dir {dir}: its keys, and so all sessions, stay valid"),
        "search does not work until the server has rebuilt its index".to_owned(),
        format!("from now on {BACKUP_OF_POSTGRES}"),
        format!("the old database is kept as {kept}; to go back to what was in it, {back}"),
    ]
    .join("\n")
}
