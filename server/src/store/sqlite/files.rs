//! Identifies the files of the database, to notice if they are removed or replaced.
//!
//! It only uses `stat`: a process that closes a second descriptor of a file loses the POSIX locks that SQLite holds on
//! it.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use crate::store::{Error, Result};

/// Device and inode numbers.
#[cfg(unix)]
type Identity = (u64, u64);
/// Not needed on systems where an open file cannot be removed.
#[cfg(not(unix))]
type Identity = ();

/// The database file and its log, as they were when the database was opened.
pub(super) struct Files {
    watched: [(PathBuf, Option<Identity>); 2],
}

impl Files {
    /// Records the files as they are now.
    pub(super) fn at(database: &Path) -> Self {
        let watch = |path: PathBuf| {
            let identity = identity(&path).ok();
            (path, identity)
        };
        Self { watched: [watch(database.to_owned()), watch(log(database))] }
    }

    /// # Errors
    /// [`Error::Fatal`]: one of them was removed or replaced. Further writes would be lost at the next restart.
    pub(super) fn check(&self) -> Result<()> {
        let lost = self.watched.iter().find(|(path, known)| {
            known.is_some_and(|known| match identity(path) {
                Ok(found) => found != known,
                Err(error) => matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
            })
        });
        match lost {
            None => Ok(()),
            Some((path, _)) => {
                let path = path.display();
                let reason = format!(
                    "{path} was removed or replaced while the server was running; restore it, then start again"
                );
                Err(Error::Fatal(reason.into()))
            }
        }
    }
}

/// The write-ahead log beside the database file.
pub(super) fn log(database: &Path) -> PathBuf {
    beside(database, "-wal")
}

/// SQLite's index of that log. Without it, the log can be read only where an index can be created.
pub(super) fn index_of_log(database: &Path) -> PathBuf {
    beside(database, "-shm")
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(database);
    path.push(suffix);
    path.into()
}

/// Requests only the inode number. If `stat` also returned the time of the last change, Linux 6.13 and later would give
/// each following write its own timestamp. That made a single message a tenth slower.
#[cfg(target_os = "linux")]
fn identity(path: &Path) -> io::Result<Identity> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::INO)?;
    Ok((makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    std::fs::metadata(path).map(drop)
}
