//! Makes a backup from time to time and keeps the newest ones.
//!
//! The time of a backup is in its name, so a restart neither skips one nor makes one too many. Other files in the
//! directory are left alone.

use std::{
    fs::{self, DirBuilder},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use quchat_shared::Timestamp;
use tokio::{sync::oneshot, time::sleep};

use crate::{
    app::App,
    backup::{self, BackupError, Watch},
    config::Backups,
};

/// How long to wait after a failure, if backups are not due more often.
const RETRY: Duration = Duration::from_secs(10 * 60);
/// The name of a backup is the time between these.
const PREFIX: &str = "quchat-";
const SUFFIX: &str = ".tar";

/// Makes backups as configured. Never completes.
pub(crate) async fn back_up_regularly(app: Arc<App>) {
    let Some(backups) = app.config.backups.clone() else { return std::future::pending().await };
    loop {
        let newest = newest_first(&backups.dir).first().map(|(at, _)| *at);
        app.backups.last_success.set(newest.map_or(0, seconds));
        sleep(until_due(newest, app.now(), backups.every)).await;
        let interrupt = Interrupt::default();
        let (is_interrupted, data_dir) = (Arc::clone(&interrupt.0), app.config.data_dir.clone());
        let (now, to) = (app.now(), backups.clone());
        let (sender, made) = oneshot::channel();
        let work = move || drop(sender.send(make(&data_dir, &to, now, &is_interrupted)));
        let thread = thread::Builder::new().name("backup".to_owned()).spawn(work);
        let made = match thread {
            Ok(_) => made.await.unwrap_or_else(|_| Err(BackupError::Database("the backup panicked".to_owned()))),
            Err(error) => Err(BackupError::Database(format!("cannot start a thread: {error}"))),
        };
        match made {
            Ok(file) => tracing::info!(file = %file.display(), "backup made"),
            Err(error) => {
                app.backups.failures.add(1);
                tracing::error!(error = &error as &dyn std::error::Error, "cannot make a backup; trying again later");
                sleep(RETRY.min(backups.every)).await;
            }
        }
    }
}

/// Interrupts the backup in progress when the server stops, which drops this.
#[derive(Default)]
struct Interrupt(Arc<AtomicBool>);

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn make(data_dir: &Path, to: &Backups, now: Timestamp, is_interrupted: &AtomicBool) -> Result<PathBuf, BackupError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let unusable = |error: std::io::Error| BackupError::Unusable { path: to.dir.clone(), reason: error.to_string() };
    builder.create(&to.dir).map_err(unusable)?;
    let name = now.to_string().replace(':', "-"); // a colon separates host and path for tar
    let file = to.dir.join(format!("{PREFIX}{name}{SUFFIX}"));
    backup::make(data_dir, &file, now, Watch { progress: &mut |_, _| {}, is_interrupted })?;
    for (_, old) in newest_first(&to.dir).into_iter().skip(to.keep) {
        fs::remove_file(&old).map_err(unusable)?;
    }
    Ok(file)
}

/// The backups in a directory with their times. What an interrupted backup has left is removed.
fn newest_first(dir: &Path) -> Vec<(Timestamp, PathBuf)> {
    let mut backups = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        match name.strip_suffix(".part") {
            Some(unfinished) if time(unfinished).is_some() => drop(fs::remove_file(entry.path())),
            _ => backups.extend(time(name).map(|at| (at, entry.path()))),
        }
    }
    backups.sort_unstable_by(|one, other| other.cmp(one));
    backups
}

/// The time in the name of a backup: `quchat-2026-11-22T09-40-00.123Z.tar`.
fn time(name: &str) -> Option<Timestamp> {
    let (date, time) = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.split_once('T')?;
    format!("{date}T{}", time.replace('-', ":")).parse().ok()
}

fn until_due(newest: Option<Timestamp>, now: Timestamp, every: Duration) -> Duration {
    let Some(newest) = newest else { return Duration::ZERO };
    // A backup from the future means that the clock was wrong; it counts as made now.
    let age = u64::try_from(now.as_millis().saturating_sub(newest.as_millis())).unwrap_or(0);
    every.saturating_sub(Duration::from_millis(age))
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis() / 1000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_due_once_the_newest_is_old_enough() {
        let (at, day) = (Timestamp::from_millis, Duration::from_secs(24 * 60 * 60));
        assert_eq!(until_due(None, at(0), day), Duration::ZERO);
        assert_eq!(until_due(Some(at(0)), at(1000), day), day - Duration::from_secs(1));
        assert_eq!(until_due(Some(at(0)), at(90_000_000), day), Duration::ZERO);
        assert_eq!(until_due(Some(at(5000)), at(0), day), day);
    }

    #[test]
    fn only_names_of_backups_have_a_time() {
        let at = Timestamp::from_millis(1_795_340_400_120);
        assert_eq!(time("quchat-2026-11-22T09-40-00.120Z.tar"), Some(at));
        for other in ["quchat-2026-11-22T09-40-00.120Z.tar.part", "quchat-.tar", "holiday.tar", "quchat-latest.tar"] {
            assert_eq!(time(other), None, "{other}");
        }
    }
}
