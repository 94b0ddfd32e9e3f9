//! The directory of a cluster, which is removed at the end, and random names.

use std::{
    env,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use crate::Result;

/// How often to try to remove the directory, and how long to wait between two attempts.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// Removed on drop, with everything in it.
pub(crate) struct TempDir {
    pub(crate) path: PathBuf,
}

impl TempDir {
    /// Creates it. Only this user can read it.
    pub(crate) fn create() -> Result<Self> {
        // Short, because PostgreSQL's socket is in it, and the path of a socket has at most 103 bytes on macOS.
        let path = env::temp_dir().join(format!("quchat-cluster-{}", &random_text()?[..8]));
        create_dir(&path, 0o700)?;
        Ok(Self { path })
    }
}

impl Drop for TempDir {
    /// Tries again after a failure, because a client that still runs may add a file meanwhile.
    fn drop(&mut self) {
        for _ in 0..ATTEMPTS {
            if fs::remove_dir_all(&self.path).is_ok() {
                return;
            }
            thread::sleep(PAUSE);
        }
    }
}

pub(crate) fn create_dir(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(path)
}

/// Returns 32 random hexadecimal digits.
pub(crate) fn random_text() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
