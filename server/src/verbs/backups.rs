//! The verbs `backup` and `restore`.

use std::path::PathBuf;

use super::{
    failure::{Failure, refuse_postgres},
    output::{Format, Output},
    progress::watched,
};
use crate::{
    Config,
    backup::{self, Manifest},
    clock::Clock,
    data_dir::BACKUP_OF_POSTGRES,
    signals::Hangup,
};

/// `backup FILE`, `backup --verify FILE`.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The new file; it is never overwritten
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Compare an existing backup with its checksums instead of making one
    #[arg(long)]
    verify: bool,

    #[command(flatten)]
    format: Format,
}

/// `restore FILE --data-dir DIR`.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    format: Format,
}

impl Backup {
    pub(super) fn run(&self, place: &Config, hangup: Hangup, output: &Output) -> Result<(), Failure> {
        let file = &self.file;
        let shown = file.display();
        if self.verify {
            let manifest = watched("verifying", hangup, output, |watch| backup::verify(file, watch))?;
            let Manifest { version, created_at, files, .. } = &manifest;
            let count = files.len();
            let text = format!(
                "{shown} is complete: {count} files, all checksums match; made at {created_at} by quchat-server {version}"
            );
            return output.print(&self.format, &manifest, &text);
        }
        refuse_postgres(place, "backup", BACKUP_OF_POSTGRES)?;
        let (now, data_dir) = (Clock::system().now(), &place.data_dir);
        let manifest = watched("backing up", hangup, output, |watch| backup::make(data_dir, file, now, watch))?;
        let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
        let text = format!("backed {} up to {shown}: {bytes} bytes", data_dir.display());
        output.print(&self.format, &manifest, &text)
    }
}

impl Restore {
    pub(super) fn run(&self, place: &Config, hangup: Hangup, output: &Output) -> Result<(), Failure> {
        let instead = "restore PostgreSQL with pg_restore, and copy signing-key, tls-key.pem and tls-cert.pem into the \
                       data directory";
        refuse_postgres(place, "restore", instead)?;
        let (file, shown, data_dir) = (&self.file, self.file.display(), &place.data_dir);
        let manifest = watched("restoring", hangup, output, |watch| backup::restore(file, data_dir, watch))?;
        let text = format!(
            "restored {shown} of {} into {dir}; start the server with --data-dir {dir}",
            manifest.created_at,
            dir = data_dir.display()
        );
        output.print(&self.format, &manifest, &text)
    }
}
