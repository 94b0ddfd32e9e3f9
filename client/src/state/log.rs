//! A bounded log file for what the screen does not show: panics of workers, unexpected replies.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use quchat_shared::Timestamp;

use super::{StateDir, files};

/// Largest size of the log in bytes. One older log is kept beside it.
const LOG_MAX: u64 = 512 * 1024;
/// Longest line in characters.
const LINE_MAX: usize = 2_000;

/// The log. It never contains a token, a password or a message text.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
}

impl Log {
    /// Opens the log for appending. If that fails, lines are dropped: the log is not worth an error.
    #[must_use]
    pub fn open(state_dir: &StateDir) -> Self {
        let path = state_dir.root().join("quchat.log");
        let open = files::create_dir(state_dir.root()).and_then(|()| append(&path)).ok();
        Self { path, open: Mutex::new(open) }
    }

    pub fn line(&self, now: Timestamp, text: &str) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = format!("{now} ");
        line.extend(text.chars().take(LINE_MAX).flat_map(|c| {
            let shown = if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
            shown.chars().collect::<Vec<_>>()
        }));
        line.push('\n');
        if open.as_ref().is_some_and(|open| open.bytes + line.len() as u64 > LOG_MAX) {
            *open = fs::rename(&self.path, self.path.with_extension("log.1")).and_then(|()| append(&self.path)).ok();
        }
        let Some(log) = open.as_mut() else { return };
        log.bytes += line.len() as u64;
        log.file.write_all(line.as_bytes()).ok(); // there is nowhere else to report it
    }
}

fn append(path: &Path) -> io::Result<Open> {
    let file = files::open_own(path, OpenOptions::new().append(true).create(true))?;
    let bytes = file.metadata()?.len();
    Ok(Open { file, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_an_entry_stays_on_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::at(dir.path().join("quchat"));
        let log = Log::open(&state_dir);
        for _ in 0..600 {
            log.line(Timestamp::from_millis(0), &"a\n\u{1b}[2J".repeat(600));
        }
        let names = ["quchat.log", "quchat.log.1"];
        for name in names {
            let bytes = fs::read(state_dir.root().join(name)).unwrap();
            assert!(bytes.len() as u64 <= LOG_MAX && !bytes.contains(&0x1b), "{name}");
        }
        assert_eq!(fs::read_dir(state_dir.root()).unwrap().count(), names.len());
    }
}
