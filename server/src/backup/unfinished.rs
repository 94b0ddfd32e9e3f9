//! A file that gets its name only when it is complete and durable. Until then it has a temporary name, and it is removed
//! if it is not finished.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::{BackupError, error::unusable};

/// How many bytes may be written before the disk must have them. Otherwise the operating system would write them all at
/// the end, and the commits of a running server would wait for that.
const SYNC_EVERY: usize = 8 * 1024 * 1024;

/// A file under a temporary name, which only its owner can read.
pub(super) struct UnfinishedFile {
    file: File,
    unfinished: PathBuf,
    path: PathBuf,
    unsynced: usize,
    is_finished: bool,
}

impl UnfinishedFile {
    /// Begins a file that will be at `path`. Removes what an interrupted attempt has left.
    ///
    /// # Errors
    /// There is something at `path`, another process is writing it, or the directory cannot be written.
    pub(super) fn create(path: &Path) -> Result<Self, BackupError> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(BackupError::Exists(path.to_owned()));
        }
        let mut unfinished = OsString::from(path);
        unfinished.push(".part");
        let unfinished = PathBuf::from(unfinished);
        let file = match create_new(&unfinished) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                remove_abandoned(&unfinished, path)?;
                create_new(&unfinished)
            }
            outcome => outcome,
        };
        let file = file.map_err(|error| match error.kind() {
            ErrorKind::NotFound => unusable(path.parent().unwrap_or(path))(error),
            _ => unusable(path)(error),
        })?;
        let _ = file.try_lock(); // nobody else knows the file yet; some file systems have no locks
        Ok(Self { file, unfinished, path: path.to_owned(), unsynced: 0, is_finished: false })
    }

    /// Gives the file its name, durably.
    ///
    /// # Errors
    /// There is something of that name by now, or the disk refuses it.
    pub(super) fn finish(mut self) -> Result<(), BackupError> {
        let unusable = unusable(&self.path);
        self.file.sync_all().map_err(&unusable)?;
        match fs::hard_link(&self.unfinished, &self.path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists(self.path.clone()));
            }
            Err(_) => {
                // This file system has no hard links, so it cannot refuse to overwrite.
                if fs::symlink_metadata(&self.path).is_ok() {
                    return Err(BackupError::Exists(self.path.clone()));
                }
                fs::rename(&self.unfinished, &self.path).map_err(&unusable)?;
                self.is_finished = true;
            }
        }
        if !self.is_finished {
            self.is_finished = true;
            fs::remove_file(&self.unfinished).map_err(&unusable)?;
        }
        #[cfg(unix)]
        if let Some(directory) = self.path.parent() {
            let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            File::open(directory).and_then(|directory| directory.sync_all()).map_err(&unusable)?;
        }
        Ok(())
    }
}

impl Write for UnfinishedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced += written;
        if self.unsynced >= SYNC_EVERY {
            self.unsynced = 0;
            self.file.sync_data()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        if !self.is_finished {
            let _ = fs::remove_file(&self.unfinished); // the next attempt removes it
        }
    }
}

fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes a file that nobody writes any more.
fn remove_abandoned(unfinished: &Path, path: &Path) -> Result<(), BackupError> {
    let found = File::open(unfinished).map_err(unusable(unfinished))?;
    match found.try_lock() {
        Err(TryLockError::WouldBlock) => Err(BackupError::InProgress(path.to_owned())),
        Ok(()) | Err(TryLockError::Error(_)) => fs::remove_file(unfinished).map_err(unusable(unfinished)),
    }
}
