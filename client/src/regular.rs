//! Opens regular files only, and never blocks on a pipe.

use std::{
    fs::{File, Metadata, OpenOptions},
    io,
    path::Path,
};

/// Opens a regular file, or a link to one. A pipe, device, socket or directory is an error
/// ([`io::ErrorKind::InvalidInput`]) that says what was found.
pub(crate) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        // without these flags, opening a pipe blocks until its other end opens, and a terminal could become the
        // controlling terminal
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags);
    }
    match options.open(path) {
        Ok(file) => check(&file.metadata()?).map(|()| file),
        #[cfg(unix)]
        Err(error) if rustix::io::Errno::from_io_error(&error) == Some(rustix::io::Errno::LOOP) => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "its symbolic links form a loop"))
        }
        Err(error) => match std::fs::metadata(path) {
            Ok(found) => check(&found).and(Err(error)), // a pipe without a reader, a socket, a directory
            Err(_) => Err(error),
        },
    }
}

/// Opens a regular file for reading.
pub(crate) fn read(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().read(true))
}

fn check(found: &Metadata) -> io::Result<()> {
    match (found.is_file(), found.is_dir()) {
        (true, _) => Ok(()),
        (_, true) => Err(io::Error::new(io::ErrorKind::InvalidInput, "this is a directory, not a file")),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "this is a pipe or a device, not a regular file")),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn why(path: &Path, options: &mut OpenOptions) -> String {
        open(path, options).expect_err("it is not a regular file").to_string()
    }

    #[test]
    fn anything_but_a_regular_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = dir.path().join("link");
        symlink(&fifo, &link).unwrap();
        for path in [&fifo, &socket, &link, Path::new("/dev/zero"), Path::new("/dev/null")] {
            for options in [
                OpenOptions::new().read(true),
                OpenOptions::new().append(true).create(true),
                OpenOptions::new().read(true).write(true),
            ] {
                let why = why(path, options);
                assert!(why.contains("not a regular file"), "{}: {why}", path.display());
            }
        }
        assert!(why(dir.path(), OpenOptions::new().read(true)).contains("directory"));
        assert!(why(dir.path(), OpenOptions::new().append(true)).contains("directory"));
        let looped = dir.path().join("looped");
        symlink(&looped, &looped).unwrap();
        assert!(why(&looped, OpenOptions::new().read(true)).contains("form a loop"));
    }

    #[test]
    fn a_link_to_a_regular_file_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "x").unwrap();
        symlink(&file, &link).unwrap();
        assert_eq!(io::read_to_string(read(&link).unwrap()).unwrap(), "x");
    }
}
