//! Writes, reads and sets aside files so that neither a kill nor an invalid byte loses data.
//!
//! Owns the file operations. It must not know what the bytes mean.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::regular;

/// Largest file that is read, in bytes; quchat never writes a larger one.
const READ_MAX: u64 = 32 * 1024 * 1024;

/// Extension of a file that is not complete yet.
pub(super) const UNFINISHED: &str = "tmp";

/// Creates a directory and its parents with mode 0700.
pub(super) fn create_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file of the client; a new one is created with mode 0600.
pub(super) fn open_own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    regular::open(path, options)
}

/// Replaces a file atomically: a reader sees either the old or the new content, never a part.
///
/// It does not call fsync: it protects against a killed process, and the system's cache survives that.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        create_dir(parent)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.{UNFINISHED}", std::process::id()));
    let unfinished = path.with_file_name(name);
    let written = open_own(&unfinished, OpenOptions::new().write(true).create(true).truncate(true))
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        fs::remove_file(&unfinished).ok(); // report the first error
    }
    written
}

/// The content of a file; `None` if it does not exist. A pipe or a device is an error.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match regular::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(READ_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > READ_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than anything quchat writes"));
    }
    Ok(Some(bytes))
}

/// Removes a file; a missing file is not an error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Renames an unreadable file, so that it is neither lost nor read again. Returns the new path.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for n in 1..=999 {
        let aside = path.with_file_name(format!("{name}.broken-{n}"));
        if !aside.try_exists()? {
            fs::rename(path, &aside)?;
            return Ok(aside);
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "there are already 999 broken files beside it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn files_are_readable_only_by_their_owner() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/token");
        replace(&path, b"secret").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap()), mode(&dir.path().join("a"))), (0o600, 0o700, 0o700));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no unfinished file stays");
    }

    #[test]
    fn files_set_aside_do_not_overwrite_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("3.json");
        for n in 1..=2 {
            fs::write(&path, [n]).unwrap();
            assert_eq!(set_aside(&path).unwrap(), dir.path().join(format!("3.json.broken-{n}")));
        }
        assert_eq!(fs::read(dir.path().join("3.json.broken-1")).unwrap(), [1]);
        assert_eq!(read(&path).unwrap(), None);
    }
}
