//! A data directory that can be used by several servers in turn, and searches in its files.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

/// Removed when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct DataDir {
    parent: Arc<TempDir>,
}

impl DataDir {
    pub(crate) fn new() -> Self {
        Self { parent: Arc::new(tempfile::tempdir().unwrap()) }
    }

    /// The path; it does not exist until a server creates it.
    pub(crate) fn path(&self) -> PathBuf {
        self.parent.path().join("data")
    }

    /// The database, opened by another program.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path().join("quchat.db")).unwrap()
    }

    /// A copy of the files in another directory.
    pub(crate) fn copy(&self) -> Self {
        let to = Self::new();
        fs::create_dir(to.path()).unwrap();
        for file in self.files() {
            fs::copy(&file, to.path().join(file.file_name().unwrap())).unwrap();
        }
        to
    }

    /// Every file in it, including subdirectories.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.path()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    files.push(path); // not the local socket
                }
            }
        }
        files
    }

    /// The signing key: the one file of exactly 32 bytes.
    pub(crate) fn signing_key(&self) -> Vec<u8> {
        let keys: Vec<_> = self.files().into_iter().filter(|path| path.metadata().unwrap().len() == 32).collect();
        assert_eq!(keys.len(), 1, "one key: {keys:?}");
        fs::read(&keys[0]).unwrap()
    }

    /// The first file that contains these bytes, if any.
    pub(crate) fn holds(&self, needle: &[u8]) -> Option<PathBuf> {
        let has = |path: &Path| fs::read(path).unwrap().windows(needle.len()).any(|window| window == needle);
        self.files().into_iter().find(|path| has(path))
    }
}
