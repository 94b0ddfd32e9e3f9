//! Checks the database of a data directory from end to end, while its server runs or while it does not.

use std::{fs, path::Path, sync::atomic::Ordering};

use serde::Serialize;

use crate::{
    backup::{BackupError, LongRead, Watch},
    data_dir::DATABASE,
    store,
};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Whether there is no problem.
    pub ok: bool,
    /// A sentence for each problem.
    pub problems: Vec<String>,
}

/// Looks for damage and contradictions.
///
/// # Errors
/// There is no database, or it cannot be opened; or the work was interrupted.
pub fn check(data_dir: &Path, watch: Watch<'_>) -> Result<Findings, BackupError> {
    let database = data_dir.join(DATABASE);
    match fs::metadata(&database) {
        Ok(metadata) if metadata.len() > 0 => {}
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(BackupError::NotAllowed(database));
        }
        _ => return Err(BackupError::NotFound(database)),
    }
    let _long_read = LongRead::begin(data_dir);
    let Watch { progress, is_interrupted } = watch;
    let problems = store::contradictions(&database, |done, of| {
        progress(done, of);
        !is_interrupted.load(Ordering::Relaxed)
    });
    let problems = problems.map_err(|error| BackupError::Database(error.to_string()))?;
    if is_interrupted.load(Ordering::Relaxed) {
        return Err(BackupError::Interrupted);
    }
    Ok(Findings { ok: problems.is_empty(), problems })
}
