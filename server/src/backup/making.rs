//! Makes a backup. It reads one snapshot of the database, which holds up nobody who writes.

use std::{
    fs,
    io::{self, BufWriter, ErrorKind, Write},
    path::Path,
};

use quchat_shared::Timestamp;

use super::{
    BackupError, LongRead, Watch,
    error::unusable,
    manifest::{FORMAT, FileSum, MANIFEST, Manifest, Sum},
    tar::Archive,
    unfinished::UnfinishedFile,
};
use crate::{
    data_dir::{DATABASE, SECRETS},
    priority::lower_priority,
    store::DatabaseCopy,
};

/// Bytes that are gathered for one write.
const GATHERED: usize = 256 * 1024;
/// Most bytes of a secret.
const SECRET_MAX: u64 = 1024 * 1024;

/// Backs the data directory up to a new file, which only its owner can read. The server may run meanwhile. Lowers the
/// priority of this thread.
///
/// # Errors
/// There is no database, the file exists, the disk is full, or the work was interrupted. Nothing is left of it then.
pub fn make(data_dir: &Path, file: &Path, now: Timestamp, mut watch: Watch<'_>) -> Result<Manifest, BackupError> {
    let database = data_dir.join(DATABASE);
    if fs::metadata(&database).map_err(unusable(&database))?.len() == 0 {
        return Err(BackupError::NotFound(database));
    }
    lower_priority();
    let archive = UnfinishedFile::create(file)?;
    let _long_read = LongRead::begin(data_dir);
    let seconds = u64::try_from(now.as_millis() / 1000).unwrap_or(0);
    let mut archive = Archive::new(BufWriter::with_capacity(GATHERED, archive), seconds);
    let mut files = vec![copy_database(&database, file, &mut archive, &mut watch)?];
    for name in SECRETS {
        files.extend(copy_secret(&data_dir.join(name), name, file, &mut archive)?);
    }
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { format: FORMAT, version, created_at: now, files };
    let json = serde_json::to_vec_pretty(&manifest).expect("a manifest is plain text and numbers");
    let finish = |mut archive: Archive<BufWriter<UnfinishedFile>>| {
        archive.begin(MANIFEST, json.len() as u64)?;
        archive.write(&json)?;
        archive.finish()?.into_inner().map_err(io::IntoInnerError::into_error)
    };
    let archive = finish(archive).map_err(unusable(file))?;
    watch.advance(manifest.files[0].bytes, manifest.files[0].bytes)?;
    archive.finish()?;
    Ok(manifest)
}

fn copy_database(
    database: &Path,
    file: &Path,
    archive: &mut Archive<impl Write>,
    watch: &mut Watch<'_>,
) -> Result<FileSum, BackupError> {
    let mut copy = DatabaseCopy::open(database)?;
    let (len, mut done, mut sum) = (copy.len(), 0, Sum::default());
    archive.begin(DATABASE, len).map_err(unusable(file))?;
    while let Some(bytes) = copy.next()? {
        archive.write(&bytes).map_err(unusable(file))?;
        sum.add(&bytes);
        done += bytes.len() as u64;
        watch.advance(done, len)?;
    }
    Ok(sum.of(DATABASE))
}

/// A secret that does not exist is left out.
fn copy_secret(
    path: &Path,
    name: &str,
    file: &Path,
    archive: &mut Archive<impl Write>,
) -> Result<Option<FileSum>, BackupError> {
    let bytes = match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() <= SECRET_MAX => fs::read(path),
        Ok(_) => Err(io::Error::other("it is not a key file; move it away")),
        Err(error) => Err(error),
    };
    let bytes = match bytes {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(unusable(path))?,
    };
    let mut sum = Sum::default();
    sum.add(&bytes);
    let write = |archive: &mut Archive<_>| {
        archive.begin(name, bytes.len() as u64)?;
        archive.write(&bytes)
    };
    write(archive).map_err(unusable(file))?;
    Ok(Some(sum.of(name)))
}
