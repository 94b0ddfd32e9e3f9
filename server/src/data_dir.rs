//! The data directory: database, signing key, and the lock that says somebody is using it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::auth::jwt::Key;

/// What is wrong with a data directory, and where.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another server holds the lock.
    #[error("another quchat-server is already using {0}")]
    InUse(PathBuf),
    /// The operating system said no.
    #[error("cannot use {path}: {source}")]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The key file holds something else.
    #[error("{0} is not a signing key of 32 bytes; restore it, or move it away to end all sessions")]
    NotAKey(PathBuf),
}

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory if it is missing, and locks it. The lock is the operating system's: it ends with the
    /// process, however that ends.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| DataDirError::Io { path, source }
        };
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(at(path))?;
        warn_if_readable_by_others(path);

        let lock_path = path.join("lock");
        let lock = private().create(true).open(&lock_path).map_err(at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(at(&lock_path)(source)),
        }
    }

    /// The database file, which exists and is readable by its owner only. The engine gives the files that it puts
    /// beside it the same mode.
    pub(crate) fn database(&self) -> Result<PathBuf, DataDirError> {
        let path = self.path.join("quchat.db");
        match private().create(true).open(&path) {
            Ok(_) => Ok(path),
            Err(source) => Err(DataDirError::Io { path, source }),
        }
    }

    /// The signing key, drawn on first use. It appears under its name only when it is whole and on the disk.
    pub(crate) fn signing_key(&self) -> Result<Key, DataDirError> {
        let path = self.path.join("signing-key");
        let io = |source| DataDirError::Io { path: path.clone(), source };
        match File::open(&path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                Read::by_ref(&mut file).take(64).read_to_end(&mut bytes).map_err(io)?;
                bytes.try_into().map_err(|_| DataDirError::NotAKey(path.clone()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.draw_key(&path).map_err(io),
            Err(error) => Err(io(error)),
        }
    }

    fn draw_key(&self, path: &Path) -> io::Result<Key> {
        let mut key = Key::default();
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let unfinished = path.with_extension("new");
        let mut file = private().create(true).truncate(true).open(&unfinished)?;
        file.write_all(&key)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        #[cfg(unix)]
        File::open(&self.path)?.sync_all()?; // the name, too, outlives a power cut
        Ok(key)
    }
}

/// For files that only their owner reads and writes, from their creation on.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn warn_if_readable_by_others(path: &Path) {
    #[cfg(unix)]
    if let Ok(metadata) = fs::metadata(path)
        && std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
    {
        tracing::warn!(path = %path.display(), "others can look into the data directory; chmod 700 keeps them out");
    }
    #[cfg(not(unix))]
    let _ = path;
}
