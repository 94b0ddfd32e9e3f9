//! Reads a backup from its beginning to its end and compares it with its manifest.

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind},
    path::Path,
};

use super::{
    BackupError, Watch, damaged,
    error::unusable,
    manifest::{FORMAT, FileSum, MANIFEST, MANIFEST_MAX, Manifest, Sum},
    tar::{Entries, Entry},
};
use crate::data_dir::{DATABASE, SECRETS};

/// Bytes that are read at once.
const GATHERED: usize = 256 * 1024;

/// Takes the files of a backup.
pub(super) trait Sink {
    fn begin(&mut self, name: &str) -> Result<(), BackupError>;
    fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError>;
}

/// Reads the files and keeps nothing.
struct Nothing;

impl Sink for Nothing {
    fn begin(&mut self, _: &str) -> Result<(), BackupError> {
        Ok(())
    }

    fn write(&mut self, _: &[u8]) -> Result<(), BackupError> {
        Ok(())
    }
}

/// Reads a backup and compares every file with its checksum.
///
/// # Errors
/// It is damaged or cut, or it is no backup.
pub fn verify(file: &Path, watch: Watch<'_>) -> Result<Manifest, BackupError> {
    read(file, &mut Nothing, watch)
}

/// Passes the files of a backup to `sink`. They are right only if this succeeds.
pub(super) fn read(file: &Path, sink: &mut impl Sink, mut watch: Watch<'_>) -> Result<Manifest, BackupError> {
    let source = File::open(file).map_err(unusable(file))?;
    let len = source.metadata().map_err(unusable(file))?.len();
    let unreadable = |error: io::Error| match error.kind() {
        ErrorKind::UnexpectedEof => damaged(file, "it ends too early"),
        ErrorKind::InvalidData => damaged(file, "it is damaged, or not a backup"),
        _ => unusable(file)(error),
    };
    let mut entries = Entries::new(BufReader::with_capacity(GATHERED, source));
    let (mut found, mut done) = (Vec::new(), 0);
    let mut buffer = vec![0; GATHERED];
    let manifest = loop {
        let Some(Entry { name, len: entry_len }) = entries.next().map_err(unreadable)? else {
            return Err(damaged(file, "it has no manifest"));
        };
        if name == MANIFEST {
            break read_manifest(file, entry_len, &mut entries, unreadable)?;
        }
        require_known(file, &name, &found)?;
        sink.begin(&name)?;
        let mut sum = Sum::default();
        loop {
            let read = entries.read(&mut buffer).map_err(unreadable)?;
            if read == 0 {
                break;
            }
            sink.write(&buffer[..read])?;
            sum.add(&buffer[..read]);
            done += read as u64;
            watch.advance(done, len)?;
        }
        found.push(sum.of(&name));
    };
    compare(file, &manifest, &found)?;
    watch.advance(len, len)?;
    Ok(manifest)
}

/// Only files that belong into a data directory are taken, each once.
fn require_known(file: &Path, name: &str, found: &[FileSum]) -> Result<(), BackupError> {
    let is_known = name == DATABASE || SECRETS.contains(&name);
    if !is_known || found.iter().any(|other| other.name == name) {
        return Err(damaged(file, "it holds a file that does not belong into a backup of this version"));
    }
    Ok(())
}

fn read_manifest(
    file: &Path,
    len: u64,
    entries: &mut Entries<impl io::Read>,
    unreadable: impl Fn(io::Error) -> BackupError,
) -> Result<Manifest, BackupError> {
    let len = usize::try_from(len.min(MANIFEST_MAX)).unwrap_or(0);
    let (mut json, mut read) = (vec![0; len], 0);
    while read < len {
        read += entries.read(&mut json[read..]).map_err(&unreadable)?;
    }
    let format = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).ok()?.get("format")?.as_u64();
    match format(&json) {
        Some(newer) if newer > u64::from(FORMAT) => Err(BackupError::TooNew(file.to_owned())),
        _ => serde_json::from_slice(&json).map_err(|_| damaged(file, "its manifest is damaged")),
    }
}

fn compare(file: &Path, manifest: &Manifest, found: &[FileSum]) -> Result<(), BackupError> {
    if let Some(wrong) = found.iter().find(|found| !manifest.files.contains(found)) {
        return Err(damaged(file, format!("{} does not match its checksum", wrong.name)));
    }
    if found.len() != manifest.files.len() || !found.iter().any(|found| found.name == DATABASE) {
        return Err(damaged(file, "a file is missing"));
    }
    Ok(())
}
