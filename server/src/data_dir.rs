//! The data directory: database, signing key, and the lock that says somebody is using it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::auth::jwt::Key;

/// What is wrong with a data directory, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another server holds the lock.
    #[error("another quchat-server is already using {0}; stop it, or choose another directory with --data-dir")]
    InUse(PathBuf),
    /// The operating system said no.
    #[error("cannot use {path}: {reason}")]
    Unusable {
        /// Which file or directory.
        path: PathBuf,
        /// Why, and what to do about it.
        reason: String,
    },
    /// The key file holds something else.
    #[error("{0} is not a signing key of 32 bytes; restore it, or move it away to end all sessions")]
    NotAKey(PathBuf),
    /// A file that only a used data directory has is there, and the database is not: to go on would make a new server,
    /// with whoever registers next as its admin.
    #[error(
        "{found} is there, but its database {database} is missing or empty; restore the database from a backup, or move \
         {found} away to begin anew without users and rooms"
    )]
    NoDatabase {
        /// What is there.
        found: PathBuf,
        /// What is not.
        database: PathBuf,
    },
}

const DATABASE: &str = "quchat.db";
/// What has been committed and is not yet in the database file.
const LOG: &str = "quchat.db-wal";
const KEY: &str = "signing-key";
const LOCK: &str = "lock";

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _locks: [Option<File>; 2],
}

impl DataDir {
    /// Makes the directory if it is missing, and locks it. The locks are the operating system's: they end with the
    /// process, however that ends. One is on a file in it, one on the directory itself, which nobody removes by mistake.
    /// None is on the database, whose own locks SQLite would lose with it.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(at(path))?;

        let lock_path = path.join(LOCK);
        require_file(&lock_path)?;
        let lock = private().create(true).open(&lock_path).map_err(at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(at(&lock_path)(source)),
        }
        let directory = lock_directory(path)?;
        warn_of_access_by_others(path);
        Ok(Self { path: path.to_owned(), _locks: [Some(lock), directory] })
    }

    /// The database file, which exists and is readable by its owner only, and whether it has been used before. The
    /// engine gives the files that it puts beside it the same mode.
    pub(crate) fn database(&self) -> Result<(PathBuf, bool), DataDirError> {
        let path = self.path.join(DATABASE);
        let is_used = require_file(&path)? > 0;
        if !is_used {
            for name in [KEY, LOG] {
                let found = self.path.join(name);
                if require_file(&found)? > 0 {
                    return Err(DataDirError::NoDatabase { found, database: path });
                }
            }
        }
        private().create(true).open(&path).map_err(at(&path))?;
        Ok((path, is_used))
    }

    /// The signing key, if there is one.
    pub(crate) fn signing_key(&self) -> Result<Option<Key>, DataDirError> {
        let path = self.path.join(KEY);
        require_file(&path)?;
        match File::open(&path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                Read::by_ref(&mut file).take(64).read_to_end(&mut bytes).map_err(at(&path))?;
                bytes.try_into().map(Some).map_err(|_| DataDirError::NotAKey(path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// Draws a new signing key. It appears under its name only when it is whole and on the disk. To be called once the
    /// database has its tables: a key without a database is refused at the next start.
    pub(crate) fn draw_key(&self) -> Result<Key, DataDirError> {
        let path = self.path.join(KEY);
        let draw = || {
            let mut key = Key::default();
            getrandom::fill(&mut key).map_err(io::Error::other)?;
            let unfinished = path.with_extension("new");
            let mut file = private().create(true).truncate(true).open(&unfinished)?;
            file.write_all(&key)?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)?;
            #[cfg(unix)]
            File::open(&self.path)?.sync_all()?; // the name, too, outlives a power cut
            Ok(key)
        };
        draw().map_err(at(&path))
    }
}

/// Locks the directory itself, where the system has such locks: who removes the lock file lets nobody in.
#[cfg(unix)]
fn lock_directory(path: &Path) -> Result<Option<File>, DataDirError> {
    let directory = File::open(path).map_err(at(path))?;
    match directory.try_lock() {
        Ok(()) => Ok(Some(directory)),
        Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.to_owned())),
        Err(TryLockError::Error(_)) => Ok(None), // some network file systems lock only what is open for writing
    }
}

#[cfg(not(unix))]
fn lock_directory(_: &Path) -> Result<Option<File>, DataDirError> {
    Ok(None)
}

/// For files that only their owner reads and writes, from their creation on.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Refuses what is there and is no file: to open a named pipe would wait for ever. Gives the length, 0 if nothing is
/// there.
fn require_file(path: &Path) -> Result<u64, DataDirError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(metadata.len()),
        Ok(_) => {
            let reason = "it is not a regular file; move it away".to_owned();
            Err(DataDirError::Unusable { path: path.to_owned(), reason })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(at(path)(error)),
    }
}

/// What the operating system said about `path`, in plain words and with what to do.
fn at(path: &Path) -> impl Fn(io::Error) -> DataDirError {
    move |error| {
        let reason = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                "permission denied; the user of the server must be able to read and write it".to_owned()
            }
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                "it, or what it lies in, is not a directory; choose another directory with --data-dir".to_owned()
            }
            io::ErrorKind::IsADirectory => "it is a directory, not a file; move it away".to_owned(),
            io::ErrorKind::ReadOnlyFilesystem => {
                "its file system is read-only; choose another directory with --data-dir".to_owned()
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full; free some space".to_owned(),
            _ => error.to_string(),
        };
        DataDirError::Unusable { path: path.to_owned(), reason }
    }
}

/// Warns of what in the directory others can read or change: whoever has the key can sign in as anybody.
fn warn_of_access_by_others(directory: &Path) {
    #[cfg(unix)]
    for (name, advice) in
        [("", "chmod 700"), (KEY, "chmod 600"), (DATABASE, "chmod 600"), (LOG, "chmod 600"), (LOCK, "chmod 600")]
    {
        let path = if name.is_empty() { directory.to_owned() } else { directory.join(name) };
        if let Ok(metadata) = fs::metadata(&path)
            && std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
        {
            tracing::warn!(path = %path.display(), advice, "other users of this machine can access this");
        }
    }
    #[cfg(not(unix))]
    let _ = directory;
}
