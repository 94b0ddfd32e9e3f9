//! Tells whether a backup or a check is reading the database. The server then does not wait for the end of that read to
//! empty its log: messages would wait with it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
};

/// A file in the data directory, locked by whoever reads long.
const LOCK: &str = "backup.lock";

/// Until it is dropped, [`is_running`] is true. If the file cannot be locked, it is not; that costs messages some time.
pub(crate) struct LongRead(#[expect(dead_code, reason = "holds the lock")] Option<File>);

impl LongRead {
    pub(crate) fn begin(data_dir: &Path) -> Self {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(data_dir.join(LOCK)).ok();
        if let Some(file) = &file {
            hand_over(file, data_dir);
        }
        // Waits at most for a server that looks whether it is locked.
        Self(file.filter(|file| file.lock_shared().is_ok()))
    }
}

/// Gives the file to the owner of the directory: root may make a backup of a server that runs as another user.
fn hand_over(file: &File, data_dir: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        if let (Ok(own), Ok(owner)) = (file.metadata(), data_dir.metadata())
            && own.uid() != owner.uid()
        {
            let _ = fchown(file, Some(owner.uid()), Some(owner.gid())); // without it, messages may wait
        }
    }
    #[cfg(not(unix))]
    let _ = (file, data_dir);
}

/// Whether somebody reads the database of this data directory for long.
pub(crate) fn is_running(data_dir: &Path) -> bool {
    File::open(data_dir.join(LOCK)).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}
