//! The directory of a cluster, which is removed at the end.

use std::{env, fs, io, path::PathBuf, thread, time::Duration};

use tasks::private;

/// How often to try to remove the directory, and how long to wait between two attempts.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// Removed on drop, with everything in it.
pub(crate) struct TempDir {
    pub(crate) path: PathBuf,
}

impl TempDir {
    /// Creates it. Only this user can read it.
    pub(crate) fn create() -> io::Result<Self> {
        // Short, because PostgreSQL's socket is in it, and the path of a socket has at most 103 bytes on macOS.
        let path = env::temp_dir().join(format!("quchat-cluster-{}", &private::random_text()?[..8]));
        private::create_dir(&path)?;
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
