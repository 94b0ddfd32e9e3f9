//! The data directory: its database file, its signing key, its TLS key and certificate, and the locks that keep a
//! second server out.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::auth::jwt::Key;

/// Why a data directory cannot be used, with the path and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another server holds the lock.
    #[error("another quchat-server is already using {0}; stop it, or choose another directory with --data-dir")]
    InUse(PathBuf),
    /// The operating system refused access to a file or directory.
    #[error("cannot use {path}: {reason}")]
    Unusable {
        path: PathBuf,
        /// The reason, and what to do about it.
        reason: String,
    },
    /// The directory can only be read, so what a server needs cannot be created there.
    #[error(
        "{directory} can only be read, and {missing} does not exist; start the server once while the directory can be \
         written, or choose another one with --data-dir"
    )]
    ReadOnly { directory: PathBuf, missing: PathBuf },
    /// The key file does not hold exactly 32 bytes.
    #[error("{0} is not a signing key of 32 bytes; restore it, or move it away to end all sessions")]
    NotAKey(PathBuf),
    /// The signing key or the write-ahead log exists, but the database does not. Continuing would create a new server
    /// and make the next user to register its admin.
    #[error(
        "{found} exists, but its database {database} is missing or empty; restore the database from a backup, or move \
         {found} away to start over without users and rooms"
    )]
    NoDatabase { found: PathBuf, database: PathBuf },
    /// Everybody's data is elsewhere. Continuing with the old database would split it.
    #[error(
        "what was in {database} has been moved to PostgreSQL; start with --store, or rename {migrated} to {database} to \
         go back to what was in it then"
    )]
    Migrated { migrated: PathBuf, database: PathBuf },
}

/// The database file.
pub(crate) const DATABASE: &str = "quchat.db";
/// The database file, once what is in it has been moved to PostgreSQL. No version of the program opens it by this name.
pub(crate) const MIGRATED: &str = "quchat.db.migrated";
/// The write-ahead log: committed data that is not in the database file yet.
const LOG: &str = "quchat.db-wal";
pub(crate) const KEY: &str = "signing-key";
/// The private key of TLS, in PEM.
pub(crate) const TLS_KEY: &str = "tls-key.pem";
/// The certificate of that key, in PEM.
pub(crate) const TLS_CERTIFICATE: &str = "tls-cert.pem";
const LOCK: &str = "lock";
/// Files besides the database without which a restored server would not be the same. A backup holds those that exist.
pub(crate) const SECRETS: &[&str] = &[KEY, "tls-key.pem", "tls-cert.pem"];

/// How to back up a server whose data is not in the data directory.
pub(crate) const BACKUP_OF_POSTGRES: &str = "back PostgreSQL up with pg_dump, and keep signing-key, tls-key.pem and \
                                             tls-cert.pem of the data directory";

/// A data directory that this process has locked until this is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    is_read_only: bool,
    _locks: [Option<File>; 2],
}

impl DataDir {
    /// Creates the directory if it is missing, and locks it. Where nothing can be written, nothing is. The operating
    /// system releases the locks when the process ends, even after a crash. One lock is on a file in the directory, one
    /// on the directory itself, which nobody removes by mistake. None is on the database: releasing it would also
    /// release SQLite's own locks.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(unusable(path))?;

        let is_read_only =
            [path.to_owned(), path.join(LOCK), path.join(DATABASE)].iter().any(|path| cannot_be_written(path));
        let lock = lock_file(path, is_read_only)?;
        let directory = lock_directory(path)?;
        warn_of_access_by_others(path);
        Ok(Self { path: path.to_owned(), is_read_only, _locks: [lock, directory] })
    }

    /// Whether the directory, the lock or the database can only be read.
    pub(crate) fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// The path of the database file. A missing file is created, readable by its owner
    /// only. SQLite gives the files that it creates beside it the same mode.
    pub(crate) fn database(&self) -> Result<PathBuf, DataDirError> {
        let path = self.path.join(DATABASE);
        let is_used = require_file(&path)? > 0;
        if !is_used {
            let migrated = self.path.join(MIGRATED);
            if require_file(&migrated)? > 0 {
                return Err(DataDirError::Migrated { migrated, database: path });
            }
            for name in [KEY, LOG] {
                let found = self.path.join(name);
                if require_file(&found)? > 0 {
                    return Err(DataDirError::NoDatabase { found, database: path });
                }
            }
        }
        match self.is_read_only {
            true if is_used => {}
            true => return Err(self.lacks(path)),
            false => drop(private().create(true).open(&path).map_err(unusable(&path))?),
        }
        Ok(path)
    }

    /// The signing key, if there is one.
    pub(crate) fn signing_key(&self) -> Result<Option<Key>, DataDirError> {
        let path = self.path.join(KEY);
        require_file(&path)?;
        match File::open(&path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                Read::by_ref(&mut file).take(64).read_to_end(&mut bytes).map_err(unusable(&path))?;
                bytes.try_into().map(Some).map_err(|_| DataDirError::NotAKey(path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(&path)(error)),
        }
    }

    /// Creates a new signing key. Call this after
    /// the database has its tables: the next start refuses a key without a database.
    pub(crate) fn draw_key(&self) -> Result<Key, DataDirError> {
        let mut key = Key::default();
        getrandom::fill(&mut key).map_err(io::Error::other).map_err(unusable(&self.file(KEY)))?;
        self.create(KEY, &key)?;
        Ok(key)
    }

    /// The path of a file in the directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Creates a file that only its owner can read, or replaces it. It gets its name only when it is complete and
    /// durable.
    pub(crate) fn create(&self, name: &str, content: &[u8]) -> Result<(), DataDirError> {
        let path = self.file(name);
        if self.is_read_only {
            return Err(self.lacks(path));
        }
        let create = || {
            let unfinished = path.with_extension("new");
            let mut file = private().create(true).truncate(true).open(&unfinished)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)?;
            #[cfg(unix)]
            File::open(&self.path)?.sync_all()?; // makes the name durable, too
            Ok(())
        };
        create().map_err(unusable(&path))
    }

    /// Warns about a database that a server with a PostgreSQL does not use.
    pub(crate) fn warn_of_unused_database(&self) {
        let path = self.path.join(DATABASE);
        if fs::metadata(&path).is_ok_and(|found| found.len() > 0) {
            tracing::warn!(
                path = %path.display(),
                "this database is not used; stop the server and run `quchat-server migrate` to move it to PostgreSQL"
            );
        }
    }

    /// Renames the database, which must be closed, so that no server opens it by mistake. Returns its new path.
    pub(crate) fn put_database_aside(&self) -> Result<PathBuf, DataDirError> {
        let (database, migrated) = (self.path.join(DATABASE), self.path.join(MIGRATED));
        fs::rename(&database, &migrated).map_err(unusable(&database))?;
        #[cfg(unix)]
        File::open(&self.path).and_then(|directory| directory.sync_all()).map_err(unusable(&self.path))?;
        Ok(migrated)
    }

    fn lacks(&self, missing: PathBuf) -> DataDirError {
        DataDirError::ReadOnly { directory: self.path.clone(), missing }
    }
}

/// Whether the operating system refuses writing to a file or directory that exists.
#[cfg(unix)]
fn cannot_be_written(path: &Path) -> bool {
    use rustix::{
        fs::{Access, AtFlags, CWD, accessat},
        io::Errno,
    };
    let outcome = accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS);
    matches!(outcome, Err(Errno::ROFS | Errno::ACCESS | Errno::PERM))
}

#[cfg(not(unix))]
fn cannot_be_written(path: &Path) -> bool {
    path.is_file() && fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly())
}

/// Locks the lock file. Where it cannot be created, the lock on the directory has to do.
fn lock_file(directory: &Path, is_read_only: bool) -> Result<Option<File>, DataDirError> {
    let path = directory.join(LOCK);
    require_file(&path)?;
    let lock = match is_read_only {
        true => File::open(&path),
        false => private().create(true).open(&path),
    };
    let lock = match lock {
        Err(error) if is_read_only && error.kind() == io::ErrorKind::NotFound => return Ok(None),
        lock => lock.map_err(unusable(&path))?,
    };
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(directory.to_owned())),
        Err(TryLockError::Error(source)) => Err(unusable(&path)(source)),
    }
}

/// Locks the directory itself, where the system supports it. Removing the lock file then lets no second server in.
#[cfg(unix)]
fn lock_directory(path: &Path) -> Result<Option<File>, DataDirError> {
    let directory = File::open(path).map_err(unusable(path))?;
    match directory.try_lock() {
        Ok(()) => Ok(Some(directory)),
        Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.to_owned())),
        Err(TryLockError::Error(_)) => Ok(None), // some network file systems lock only files that are open for writing
    }
}

#[cfg(not(unix))]
fn lock_directory(_: &Path) -> Result<Option<File>, DataDirError> {
    Ok(None)
}

/// Options that create files which only their owner can read and write.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Returns the length of a regular file, 0 if nothing is there. Anything else is an error: opening a named pipe would
/// block indefinitely.
fn require_file(path: &Path) -> Result<u64, DataDirError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(metadata.len()),
        Ok(_) => {
            let reason = "it is not a regular file; move it away".to_owned();
            Err(DataDirError::Unusable { path: path.to_owned(), reason })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(unusable(path)(error)),
    }
}

/// Turns an operating system error about `path` into a sentence that says what to do.
fn unusable(path: &Path) -> impl Fn(io::Error) -> DataDirError {
    move |error| {
        let reason = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                "permission denied; the user that runs the server must be able to read and write it".to_owned()
            }
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                "it or its parent is not a directory; choose another directory with --data-dir".to_owned()
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

/// Warns about files that other users of the machine can read or change. With the key, anyone can sign in as any user.
fn warn_of_access_by_others(directory: &Path) {
    #[cfg(unix)]
    for name in ["", KEY, TLS_KEY, DATABASE, LOG, LOCK] {
        let advice = if name.is_empty() { "chmod 700" } else { "chmod 600" };
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
