//! The verbs `backup` and `restore`.

use std::path::{Path, PathBuf};

use super::{
    failure::Failure,
    output::{Format, Output},
    progress::watched,
};
use crate::{
    backup::{self, Manifest},
    clock::Clock,
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
    pub(super) fn run(&self, data_dir: &Path, hangup: Hangup, output: &Output) -> Result<(), Failure> {
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
        let now = Clock::system().now();
        let manifest = watched("backing up", hangup, output, |watch| backup::make(data_dir, file, now, watch))?;
        let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
        let text = format!("backed {} up to {shown}: {bytes} bytes", data_dir.display());
        output.print(&self.format, &manifest, &text)
    }
}

impl Restore {
    pub(super) fn run(&self, data_dir: &Path, hangup: Hangup, output: &Output) -> Result<(), Failure> {
        let (file, shown) = (&self.file, self.file.display());
        let manifest = watched("restoring", hangup, output, |watch| backup::restore(file, data_dir, watch))?;
        let text = format!(
            "restored {shown} of {} into {dir}; start the server with --data-dir {dir}",
            manifest.created_at,
            dir = data_dir.display()
        );
        output.print(&self.format, &manifest, &text)
    }
}
